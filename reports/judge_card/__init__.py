"""What a judge is worth: its consistency, its agreement with people and with other judges."""
