"""Parts that several built-in models share; models import the modules they need by name."""
