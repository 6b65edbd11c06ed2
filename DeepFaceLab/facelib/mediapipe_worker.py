"""Runs MediaPipe's face mesh in the environment that has it: a program of its own, talked to over
its standard input and output (facelib/MediaPipeExtractor.py is the other end).

Imports nothing of this project: its NumPy and Python are others. A request is a header (FIND or
MESH, height, width, l, t, r, b) and h*w*3 bytes of RGB; the answer a number of faces and for each
478 points x, y in pixels (float32). Before the first request it sends READY, or the text of the
error that keeps it from working.
"""
import os
import struct
import sys
import traceback

REQUEST = struct.Struct("<3I4f")
COUNT = struct.Struct("<I")
FIND, MESH = 1, 2
READY = b"ready"
POINTS = 478

CROP_SCALE = 2.2        # side of what the mesh looks at, against the larger side of a box
MIN_CONFIDENCE = 0.4
SAME_FACE = 0.3         # intersection over union of two boxes


class FaceMeshWorker:
    """The two detectors (faces near by, and far away) and the mesh."""

    def __init__(self):
        import numpy
        from mediapipe.python.solutions import face_detection, face_mesh

        self.np = numpy
        self.detectors = [face_detection.FaceDetection(
            model_selection=selection, min_detection_confidence=MIN_CONFIDENCE)
            for selection in (0, 1)]
        self.mesh = face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1,
                                       refine_landmarks=True,
                                       min_detection_confidence=MIN_CONFIDENCE)

    def find(self, image):
        """The meshes of all faces of a picture (h,w,3) uint8 RGB: a list of (478, 2)."""
        height, width = image.shape[:2]
        boxes = []
        for detector in self.detectors:
            for found in detector.process(image).detections or []:
                box = found.location_data.relative_bounding_box
                boxes.append((box.xmin * width, box.ymin * height,
                              (box.xmin + box.width) * width, (box.ymin + box.height) * height))
        meshes = []
        for box in boxes:
            if any(get_overlap(box, get_bounds(mesh)) > SAME_FACE for mesh in meshes):
                continue
            mesh = self.look(image, box)
            if mesh is not None and all(get_overlap(get_bounds(mesh), get_bounds(other))
                                        <= SAME_FACE for other in meshes):
                meshes.append(mesh)
        return meshes

    def look(self, image, box):
        """The mesh (478, 2) in a square around a box l, t, r, b; None if there is no face."""
        np = self.np
        left, top, right, bottom = box
        side = max(int(max(right - left, bottom - top) * CROP_SCALE), 2)
        x, y = int((left + right - side) / 2), int((top + bottom - side) / 2)
        height, width = image.shape[:2]
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + side, width), min(y + side, height)
        if x1 <= x0 or y1 <= y0:
            return None
        crop = np.zeros((side, side, 3), np.uint8)
        crop[y0 - y:y1 - y, x0 - x:x1 - x] = image[y0:y1, x0:x1]
        found = self.mesh.process(crop).multi_face_landmarks
        if not found:
            return None
        points = np.array([(point.x, point.y) for point in found[0].landmark], np.float32)
        # Relative positions count from the edge of the first pixel, ours from its middle.
        return points * side + np.float32([x - 0.5, y - 0.5])

    def answer(self, kind, image, box):
        if kind == FIND:
            return self.find(image)
        mesh = self.look(image, box)
        return [] if mesh is None else [mesh]


def get_bounds(mesh):
    """l, t, r, b of points."""
    return tuple(mesh.min(0)) + tuple(mesh.max(0))


def get_overlap(a, b):
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


def read_exactly(stream, size):
    """`size` bytes, or none of them at the end of the stream."""
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            return b""
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def serve(stream_in, stream_out):
    """Answer requests until the other end closes."""
    try:
        worker = FaceMeshWorker()
    except Exception:   # noqa: BLE001 the other end tells it, whatever it is
        send_text(stream_out, traceback.format_exc().encode("utf-8"))
        return
    send_text(stream_out, READY)
    np = worker.np
    while True:
        header = read_exactly(stream_in, REQUEST.size)
        if not header:
            return
        fields = REQUEST.unpack(header)
        kind, height, width = fields[:3]
        data = read_exactly(stream_in, height * width * 3)
        if not data:
            return
        image = np.frombuffer(data, np.uint8).reshape(height, width, 3)
        meshes = worker.answer(kind, image, fields[3:])
        stream_out.write(COUNT.pack(len(meshes)))
        for mesh in meshes:
            stream_out.write(np.ascontiguousarray(mesh, np.float32).tobytes())
        stream_out.flush()


def send_text(stream_out, text):
    stream_out.write(COUNT.pack(len(text)) + text)
    stream_out.flush()


def main():
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # What libraries print must not get among the answers.
    stream_out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, stream_out)


if __name__ == "__main__":
    main()
