"""Writing a faceset.pak: beside its place, read back, then put there (spec 30 section 5.2)."""
import os
from pathlib import Path
from typing import BinaryIO, List, Tuple, Union

import numpy as np

from core import persist
from core.errors import UserError
from core.interact import interact as io
from core.options import Option, ask

from .pak_reader import HEADER, VERSION, CorruptPakError, read_index
from .Sample import Sample

KEEP_MEMBERS = Option(
    "pack_keep_members", "bool", True, "Keep them in the new pak?",
    condition="util --pack-faceset, faceset.pak holds faces that are not in the folder",
    help="A run that was interrupted while it deleted the packed files leaves such faces.")

# Where a member of a pak comes from: a file, or the pak of before.
Source = Union[Path, Sample]


def add_old_members(samples: List[Sample], sources: List[Path],
                     old_samples: List[Sample]) -> Tuple[List[Sample], List[Source]]:
    """The samples with those that only the old pak has, in the order of their names; with where
    each comes from."""
    def get_key(sample: Sample) -> Tuple[str, str]:
        return sample.person_name or "", sample.filename

    packed = {get_key(sample) for sample in samples}
    missing = [sample for sample in old_samples if get_key(sample) not in packed]
    members: List[Tuple[Sample, Source]] = list(zip(samples, sources))
    if missing:
        io.log_info("%d faces are only in the present pak, the first: %s"
                    % (len(missing), missing[0].filename))
        if ask(KEEP_MEMBERS, io):
            members += [(sample, sample) for sample in missing]
            members.sort(key=lambda member: get_key(member[0]))
    return [sample for sample, _ in members], [source for _, source in members]


def _read_source(source: Source) -> bytes:
    return source.read_raw_file() if isinstance(source, Sample) else source.read_bytes()


def write_pak(pak_path: Path, samples: List[Sample], sources: List[Source]) -> None:
    """Write the pak beside its place, read it back, then put it there in one step. UserError, with
    a pak of before untouched, where that fails.

    The samples are used up: tens of thousands need not be there a second time for the comparison.
    """
    temp_path = pak_path.with_name(pak_path.name + persist.TEMP_SUFFIX)
    try:
        with open(str(temp_path), "wb") as f:
            _write_pak_stream(f, samples, sources)
            f.flush()
            os.fsync(f.fileno())
        _verify_pak(temp_path, sources)
        os.replace(str(temp_path), str(pak_path))
        persist.sync_folder(pak_path.parent)    # the packed files may be deleted next
    except OSError as error:    # of the pak, or of a face that cannot be read any more
        raise UserError("{} cannot be written: {}.".format(pak_path, error), [
            "Free some disk space, or check that the folder may be written to.",
            "Nothing was changed."]) from error
    finally:
        if temp_path.is_file():
            temp_path.unlink()


def _write_pak_stream(f: BinaryIO, samples: List[Sample], sources: List[Source]) -> None:
    f.write(bytes(HEADER.size))
    samples.reverse()
    persist.dump_list((samples.pop().get_config() for _ in io.progress_bar_generator(
        sources, "Packing face data")), f)
    table_pos = f.tell()
    f.write(bytes(8 * (len(sources) + 1)))
    data_pos = f.tell()

    offsets = []
    for source in io.progress_bar_generator(sources, "Packing"):
        offsets.append(f.tell() - data_pos)
        f.write(_read_source(source))
    # Every writer of this format stores the last one as the end of the file; readers clamp it.
    offsets.append(f.tell())
    f.seek(0)
    f.write(HEADER.pack(VERSION, table_pos - HEADER.size))
    f.seek(table_pos)
    f.write(np.array(offsets, dtype="<u8").tobytes())


def _verify_pak(pak_path: Path, sources: List[Source]) -> None:
    """Compare every member with its file; raises before anything is deleted."""
    configs, offsets, data_start, file_size = read_index(pak_path)
    offsets[-1] = file_size - data_start
    if len(configs) != len(sources):
        raise CorruptPakError("%s: %d of %d members." % (pak_path, len(configs), len(sources)))
    with open(str(pak_path), "rb") as f:
        for source, start, end in zip(sources, offsets[:-1], offsets[1:]):
            f.seek(data_start + start)
            if f.read(end - start) != _read_source(source):
                raise CorruptPakError("%s: %s changed while it was packed."
                                      % (pak_path, getattr(source, "filename", source)))
