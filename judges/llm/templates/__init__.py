"""Judge templates that ship with polyarena, one TOML file each (the file's name is the template's)."""
