"""The gradient function's own steps: what each of them would have to be for the right numbers to come out."""
