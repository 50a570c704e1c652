"""How networks are trained, whatever they learn: plan, course, state, and what is measured on the way."""
