"""faceset.pak: a faceset in one file (spec 30 section 5)."""
import os
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import samplelib
from core import pathex, persist
from core.errors import UserError
from core.file_names import is_plain_file_name
from core.interact import interact as io
from core.options import Option, ask, wait_for_go
from DFLIMG import face_fields
from facelib import FaceType

from .pak_reader import PAK_REMEDIES, CorruptPakError, UnknownPakVersionError, read_index
from .pak_writer import KEEP_MEMBERS, add_old_members, write_pak
from .Sample import Sample, SampleType

__all__ = ["CorruptPakError", "OPTIONS", "PackedFaceset", "UnknownPakVersionError",
           "packed_faceset_filename"]

packed_faceset_filename = "faceset.pak"

_DRIVE = re.compile(r"[A-Za-z]:")    # at the beginning of a name; a time, 12:30:05, has colons too

REPLACE = Option(
    "pack_replace", "bool", None, "Replace the present faceset.pak?",
    condition="util --pack-faceset, faceset.pak exists",
    help="Given, the verb does not wait for Enter; n stops it.")
PERSONS = Option(
    "pack_persons", "bool", True, "Subfolders found. Treat each of them as one person?",
    condition="util --pack-faceset, with subfolders",
    help="Yes: the faces of the subfolders are packed. No: those of the folder itself.")
DELETE_ORIGINALS = Option(
    "pack_delete_originals", "bool", True, "Delete the packed original files?",
    condition="util --pack-faceset")
OPTIONS = (REPLACE, PERSONS, KEEP_MEMBERS, DELETE_ORIGINALS)


def _get_enum_member(enum_class: Any, name: str) -> Any:
    """What `getattr` in a pak may do: some Pythons write enum members as getattr(class, name)."""
    if (enum_class not in (SampleType, FaceType) or not isinstance(name, str)
            or name not in enum_class.__members__):
        raise persist.UnsafePickleError("A pickle asks for builtins.getattr with the attribute "
                                        "%.99r of %.99r." % (
                                            name if isinstance(name, str) else type(name),
                                            enum_class))
    return enum_class[name]


persist.register_class("builtins", "getattr", _get_enum_member)


class PackedFaceset:

    @staticmethod
    def pack(samples_path: Path) -> None:
        """Pack the faces of a folder into its faceset.pak; asks before it overwrites or deletes.

        With subfolders, each may count as one person. Only files that are in the finished pak are
        deleted, and of the persons' folders only those that are empty then. Faces that only the
        pak of before holds are kept in the new one, unless the answer is no.
        """
        samples_path = Path(samples_path)
        if not samples_path.is_dir():
            raise UserError("There is no folder %s." % (samples_path,),
                            ["Choose the folder with the aligned faces."])
        pak_path = samples_path / packed_faceset_filename
        old_samples = _load_old(samples_path)
        if pak_path.exists():
            io.log_info("%s exists and will be replaced." % (pak_path,))
            wait_for_go(REPLACE, io.input)

        person_names = None
        if pathex.get_all_dir_names(samples_path):
            if ask(PERSONS, io):
                person_names = sorted(pathex.get_all_dir_names(samples_path))
        folders = [samples_path] if person_names is None else [samples_path / name
                                                               for name in person_names]
        image_paths = [path for folder in folders for path in pathex.get_image_paths(folder)]

        samples = samplelib.SampleLoader.load_face_samples(image_paths)
        if not samples:
            raise UserError("%s holds no face images to pack." % (samples_path,),
                            ["Choose the folder with the aligned faces."])
        sources = [Path(sample.filename) for sample in samples]
        for sample, source in zip(samples, sources):
            sample.filename = source.name
            sample.person_name = None if person_names is None else source.parent.name
        _check_names(samples, sources)

        write_pak(pak_path, *add_old_members(samples, sources, old_samples))
        if len(sources) < len(image_paths):
            io.log_info("%d files without face data are not in the pak and stay where they are."
                        % (len(image_paths) - len(sources)))

        if ask(DELETE_ORIGINALS, io):
            for source in io.progress_bar_generator(sources, "Deleting files"):
                persist.remove_file(source)
            if person_names is not None:
                for folder in folders:
                    _remove_if_empty(folder)

    @staticmethod
    def unpack(samples_path: Path) -> None:
        """Write every member of the folder's faceset.pak as a file, then delete the pak.

        Names inside the pak are data of a stranger: a name that is no plain file name is refused
        and nothing is written. Neither is anything where a file of another content has a member's
        name.
        """
        samples_path = Path(samples_path)
        pak_path = samples_path / packed_faceset_filename
        if not pak_path.exists():
            raise UserError("%s: file not found." % (pak_path,),
                            ["Choose the folder with the packed faceset."])
        samples = PackedFaceset.load(samples_path)
        targets = [_member_path(samples_path, sample, pak_path) for sample in samples]
        if len({os.path.normcase(str(target)) for target in targets}) < len(targets):
            raise CorruptPakError("%s: two of its members have the same name." % (pak_path,))
        for sample, target in zip(samples, targets):
            _check_target(sample, target)
        for folder in sorted({target.parent for target in targets}):
            persist.make_folder(folder)
        for sample, target in io.progress_bar_generator(list(zip(samples, targets)), "Unpacking"):
            persist.write_bytes(target, sample.read_raw_file())
        persist.remove_file(pak_path)

    @staticmethod
    def path_contains(samples_path: Path) -> bool:
        """Whether the folder holds a faceset.pak."""
        return (Path(samples_path) / packed_faceset_filename).exists()

    @staticmethod
    def load(samples_path: Path, pak_name: Optional[str] = None) -> Optional[List[Sample]]:
        """Samples of the folder's pak, None when there is no pak.

        Arguments:
            samples_path: the folder.
            pak_name: read `<pak_name>.pak` in place of faceset.pak; it has to exist then.
                "faceset", which forks store as their default, is the usual file.

        Raises UnknownPakVersionError (a NotImplementedError), CorruptPakError for damage,
        persist.UnsafePickleError for a pak that names forbidden types, all naming the file.
        """
        pak_path = Path(samples_path) / packed_faceset_filename
        if pak_name is not None:
            pak_path = Path(samples_path) / (pak_name + ".pak")
        if not pak_path.exists():
            if pak_path.name != packed_faceset_filename:
                raise UserError("%s does not exist." % (pak_path,),
                                ["Check the name of the pack."])
            return None

        configs, offsets, data_start, file_size = read_index(pak_path)
        samples = []
        configs.reverse()
        for start, end in zip(offsets[:-1], offsets[1:]):
            config = configs.pop()  # many times as large as the sample that it becomes
            # The writer stores the last end as a position in the file, not in the data.
            end = min(end, file_size - data_start)
            if not 0 <= start <= end:
                raise CorruptPakError("%s: it is cut off or damaged (member %s)."
                                      % (pak_path, config.get("filename")), PAK_REMEDIES)
            sample = _make_sample(config, pak_path)
            sample.set_filename_offset_size(str(pak_path), data_start + start, end - start)
            samples.append(sample)
        return samples


def _check_names(samples: Sequence[Sample], sources: Sequence[Path]) -> None:
    """UserError for a file that `unpack` would refuse for its name, or its person's."""
    for sample, source in zip(samples, sources):
        if not _is_member_name(sample.filename, pathex.image_extensions) or not (
                sample.person_name is None or _is_member_name(sample.person_name)):
            raise UserError("%r cannot be packed: the pak could not be unpacked with such a name."
                            % (str(source),), [
                "Rename it: at most 250 bytes, no backslash, no control character, and no drive "
                "such as C: in front.",
                "Nothing was changed."])


def _remove_if_empty(folder: Path) -> None:
    """All is packed by then: a folder that some program holds is told, and stays."""
    try:
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        io.log_err("The empty folder %s cannot be removed: %s" % (folder, error))


def _load_old(samples_path: Path) -> List[Sample]:
    """Members of the pak that a new one will replace; none of a damaged one, which is logged."""
    try:
        return PackedFaceset.load(samples_path) or []
    except UnknownPakVersionError:
        raise       # not damaged
    except persist.CorruptFileError as e:
        io.log_err(e.what)
        return []


def _make_sample(config: Dict[str, Any], pak_path: Path) -> Sample:
    config = dict(config)
    try:
        mask = face_fields.read_encoded_mask(config.get("xseg_mask_compressed"),
                                             "xseg_mask_compressed", str(config.get("filename")))
        # Configurations of one pickle may share arrays; all else the sample copies.
        config["xseg_mask_compressed"] = None if mask is None else mask.copy()
        sample = Sample(**config)
        _check_sample(sample)
        return sample
    except Exception as e:
        raise CorruptPakError("%s: the data of its member %s are damaged (%s: %s)."
                              % (pak_path, config.get("filename"), type(e).__name__, e),
                              PAK_REMEDIES) from e


def _check_sample(sample: Sample) -> None:
    """CorruptFileError for a value of another kind than a pak holds."""
    source = str(sample.filename)
    face_fields.read_text(sample.filename, "filename", source)
    for key in ("face_type", "eyebrows_expand_mod", "sample_type"):
        face_fields.read_number(getattr(sample, key), key, source)
    for key, shape in (("landmarks", (68, 2)), ("shape", (3,)), ("pitch_yaw_roll", (3,))):
        value = getattr(sample, key)
        if value is None and key == "pitch_yaw_roll":
            continue
        if face_fields.read_numbers(value, key, source).shape != shape:
            raise face_fields.refuse(key, source)
    sample.source_filename = face_fields.read_file_name(sample.source_filename, "source_filename",
                                                        source)


def _member_path(samples_path: Path, sample: Sample, pak_path: Path) -> Path:
    """Where a member is unpacked to: inside the folder, at most one folder deep."""
    folder = samples_path
    if sample.person_name is not None:
        folder = samples_path / _plain_name(sample.person_name, pak_path)
    return folder / _plain_name(sample.filename, pak_path, pathex.image_extensions)


def _check_target(sample: Sample, target: Path) -> None:
    """UserError if something else has the name: an interrupted run leaves what the pak holds."""
    if os.path.lexists(str(target)) and not (
            target.is_file() and target.read_bytes() == sample.read_raw_file()):
        raise UserError("%s is there, and is not what the pak holds under this name." % (target,), [
            "Move it elsewhere, or delete it, and unpack again."])


def _is_member_name(name: Any, suffixes: Sequence[str] = ("",)) -> bool:
    return (is_plain_file_name(name) and not _DRIVE.match(name)
            and name.lower().endswith(tuple(suffixes)))


def _plain_name(name: Any, pak_path: Path, suffixes: Sequence[str] = ("",)) -> str:
    """`name` if it is a file name without any path and with one of the suffixes, else UserError.
    """
    if not _is_member_name(name, suffixes):
        raise UserError("%s: refused, the name of a member is %r, which is no plain image "
                        "file name." % (pak_path, name),
                        ["Do not use this pak: it is damaged or made to harm."])
    return name
