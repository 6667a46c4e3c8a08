"""Preprocessing: do pixels reach the model as in training?"""
