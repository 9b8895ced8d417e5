from hypothesis import settings

settings.register_profile("box", deadline=None, max_examples=100, print_blob=True)
settings.load_profile("box")
