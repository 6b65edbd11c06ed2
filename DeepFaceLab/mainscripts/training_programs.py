"""`--execute-program`: code of the command line that runs in the trainer thread (spec 20 section
13.3)."""
import time
import traceback
from typing import Any, Dict, List

from core.interact import interact as io


class TrainingPrograms:
    """The part of TrainingLoop that runs programs; every attribute named here is the loop's."""

    parameters: Dict[str, Any]
    trainer_names: Dict[str, Any]   # of the trainer module, which programs see too
    step_names: Dict[str, Any]      # of the last iteration
    execute_programs: List[List[Any]]   # [seconds, code, last run]
    start_time: float
    is_debug: bool

    def run_programs(self) -> None:
        """Run `--execute-program` code that is due: [seconds, code, last run] (spec 20 section
        13.3)."""
        if self.is_debug:
            return
        cur_time = time.time()
        for x in self.execute_programs:
            prog_time, prog, last_time = x
            exec_prog = False
            if prog_time > 0 and cur_time - self.start_time >= prog_time:
                x[0] = 0
                exec_prog = True
            elif prog_time < 0 and cur_time - last_time >= -prog_time:
                x[2] = cur_time
                exec_prog = True
            if exec_prog:
                names = self.get_program_names()
                names.update(cur_time=cur_time, x=x, prog_time=prog_time, prog=prog,
                             last_time=last_time, exec_prog=exec_prog)
                try:
                    # by design: the user gives this code on the command line to steer the training
                    exec(prog, names)  # noqa: S102
                except Exception:  # noqa: BLE001 reported: a mistake in a program must not end the training
                    io.log_err('Unable to execute program: %s\n%s' % (prog, traceback.format_exc()))

    def get_program_names(self) -> Dict[str, Any]:
        names = dict(self.trainer_names)
        names.update(self.parameters)
        names.update(self.step_names)
        for name in ('model', 'model_save', 'model_backup', 'send_preview', 'shared_state',
                     'execute_programs', 'start_time', 'save_interval_min', 'save_iter',
                     'last_save_time', 'is_reached_goal', 'loss_string', 'i'):
            names[name] = getattr(self, name)
        return names
