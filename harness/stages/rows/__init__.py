"""The stages that need no model: mixtures of sources, routing of pools, preference pairs.

Each module reads the folders of its inputs, calls pure functions, and writes rows or pairs. None imports torch.
"""
