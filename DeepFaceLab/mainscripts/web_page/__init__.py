"""`train --web`: a page that shows and steers a training from a browser.

    guard.py     who may ask for anything: the token, the names of the host
    pictures.py  previews and chart as PNG
    app.py       the routes; the only module that imports bottle
    server.py    sockets and threads, with limits
    page.py      all of it together, from the options of the trainer
    files/       what the browser gets: HTML, CSS, JavaScript, an icon

Every module shows the `PreviewState` that the preview window shows too (preview_state.py).
"""
