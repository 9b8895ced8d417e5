"""Looking the box and its machine over: one check is one function, and says what to do."""
