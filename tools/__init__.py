"""What makes a release out of a checkout. Not part of the product: nothing here is in the wheel."""
