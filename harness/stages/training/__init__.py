"""The stages that load a model: conversion, sampling, fine-tuning, preference training, reward models, merging.

The trainers are TRL's stable ones. Every module here may import torch, so each is imported only when a stage of its
type runs (:mod:`polyarena.harness.stages.pipeline.work`).
"""
