"""Implants out of X-rays: where they are, what is behind them, and how well that is known."""
