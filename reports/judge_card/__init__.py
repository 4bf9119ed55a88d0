"""What a judge is worth: its habits, its agreement with people and with other judges."""
