"""Will it fit? What a training step takes of each device's memory, from its graph, before any
session is opened.

graph_reading   the ops of a graph with the sizes of what they hand on
kernels         what the kernels do with memory
liveness        a step played through: what lives at once
step_plan       plans of a model: options, batch, patches
search          the largest that fits, and what each lever saves
calibration     from plan to estimate
measuring       what a step really took
report          the table
"""
