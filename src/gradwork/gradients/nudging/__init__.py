"""How slopes are measured by nudging: nothing here knows a rule of calculus, but for the tracing of a complex step."""
