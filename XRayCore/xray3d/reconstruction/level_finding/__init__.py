"""Where vertebrae are, and which they are, found on a few X-rays whose geometry is known."""
