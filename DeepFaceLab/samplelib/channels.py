"""How many channels a picture is augmented in."""

GRAY = 1
COLOR = 3
