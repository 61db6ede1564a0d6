import subprocess
import sys
import time

import pytest

from funis.pipeline.processes import Processes, silent, worker_count


def scaled(factor, task):
    return factor * task


def slow_first(_, task):
    time.sleep(0.3 if task == 0 else 0.0)
    return task


def broken(_, task):
    raise ValueError(f"task {task}")


def test_one_worker_works_in_this_process():
    with Processes(3, 1) as processes:
        assert list(processes.map(scaled, [1, 2, 3])) == [3, 6, 9]


def test_results_come_in_the_order_of_the_tasks_whatever_finishes_first():
    with Processes(None, 2) as processes:
        assert list(processes.map(slow_first, [0, 1, 2, 3])) == [0, 1, 2, 3]


def test_a_fault_in_a_task_comes_back_and_the_processes_end():
    with Processes(None, 2) as processes, pytest.raises(ValueError, match="task 1"):
        list(processes.map(broken, [1]))


@pytest.mark.parametrize("workers", [1, 2])
def test_every_task_sees_the_shared_value(workers):
    with Processes(10, workers) as processes:
        assert list(processes.map(scaled, range(4))) == [0, 10, 20, 30]


def test_a_script_is_not_run_again_by_its_processes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from operator import mul\n"
        "from funis.pipeline.processes import Processes\n"
        "print('once')\n"
        "with Processes(7, 2) as processes:\n"
        "    print(*processes.map(mul, [1, 2]))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["once", "7", "14"]
    assert done.stderr == ""


def test_workers_are_as_many_as_asked_for():
    assert worker_count(3) == 3
    assert worker_count(None) >= 1


def test_silence_hands_everything_through():
    assert list(silent("label", iter([1, 2]), 2)) == [1, 2]


@pytest.mark.parametrize("workers", [1, 2])
def test_only_a_few_tasks_are_handed_out_before_a_result_is_taken(workers):
    asked = []

    def tasks():
        for task in range(40):
            asked.append(task)
            yield task

    with Processes(2, workers) as processes:
        done = processes.map(scaled, tasks(), in_flight=3)
        assert next(done) == 0
        assert len(asked) <= 3 * workers + 1
        assert list(done) == [2 * task for task in range(1, 40)]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    import psutil

    script = tmp_path / "script.py"
    script.write_text(
        "from time import sleep\n"
        "from funis.pipeline.processes import Processes\n"
        "with Processes(0, 2) as processes:\n"
        "    for _ in processes.map(max, [1, 2]): pass\n"
        "    print('begun', flush=True)\n"
        "    sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout.readline() == "begun\n"
        children = psutil.Process(started.pid).children(recursive=True)
        started.kill()
    assert len(children) >= 2
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
