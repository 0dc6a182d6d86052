"""Custom functions of torch with mistakes planted in their backward passes, and right ones beside them."""
