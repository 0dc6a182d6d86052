"""The ways to a gradient: by nudging, by the rules, by going back; and the functions of functions made from them."""
