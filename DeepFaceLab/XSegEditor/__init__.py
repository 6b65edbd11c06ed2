"""The mask polygon editor (spec 51).

Without Qt: what the mouse and keys do (canvas_model and what it is made of), scene, session,
face_*, copy_polys, mask_*, settings. mask_server runs in a process of its own, with TensorFlow.
With Qt, through core.qtex: the windows (canvas_widget, canvas_operator, main_window and their
parts), which only draw those and pass events on.
"""
