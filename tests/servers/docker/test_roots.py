"""Tests of a container's files: volumes, mounts, users, rights."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers.docker.conftest import Files

pytestmark = pytest.mark.exhaustive


def compose(settings: str) -> str:
    lines = "\n".join(f"    {line}" for line in settings.strip().splitlines())
    return f"""
services:
  one:
    image: base
    init: true
    command: [sleep, infinity]
{lines}
volumes:
  data:
"""


def sh(files: Files, script: str) -> str:
    return files.run("exec", "-T", "one", "sh", "-c", script)


def test_volumes_persist_and_the_root_does_not(files: Files) -> None:
    files.write(compose("volumes: [data:/data, data:/var/mail]"))
    files.run("up", "-d")
    assert sh(files, "stat -c %a /var/mail /data") == "2775\n2775\n"
    sh(files, "echo kept >/data/file; echo lost >/root/file")
    files.run("stop")
    files.run("up", "-d")
    assert sh(files, "cat /var/mail/file /root/file") == "kept\nlost\n"
    files.run("down")
    files.run("up", "-d")
    assert sh(files, "cat /data/file; ls /root") == "kept\n"
    files.run("down", "--volumes")
    files.run("up", "-d")
    assert sh(files, "ls /data") == ""


def test_new_settings_make_a_new_container(files: Files) -> None:
    files.write(compose("environment: {A: '1'}"))
    files.run("up", "-d")
    sh(files, "touch /root/file")
    files.run("up", "-d")
    assert sh(files, "ls /root; echo $A") == "file\n1\n"
    files.write(compose("environment: {A: '2'}"))
    files.run("up", "-d")
    assert sh(files, "ls /root; echo $A") == "2\n"


def test_builds_an_image(files: Files) -> None:
    (files.folder / "Dockerfile").write_text(
        "ARG PYTHON_IMAGE\nFROM ${PYTHON_IMAGE}\nARG IMAGE_VERSION\n"
        'RUN echo $IMAGE_VERSION >/version\nCMD ["sleep", "infinity"]'
    )
    text = (
        "services: {one: {build: {context: ., args: {IMAGE_VERSION: v1}}, init: true}}"
    )
    files.write(text)
    assert "'build " in files.fail("up", "-d", code=125)
    files.run("build")
    files.run("up", "-d")
    assert sh(files, "cat /version") == "v1\n"
    files.write(text.replace("v1", "v2"))
    files.run("up", "-d", "--build")
    assert sh(files, "cat /version") == "v2\n"


def test_volumes_without_name_stay_with_the_service(files: Files) -> None:
    files.write(compose("volumes: [/data]"))
    files.run("up", "-d")
    sh(files, "echo kept >/data/file")
    files.run("up", "-d", "--force-recreate")
    assert sh(files, "cat /data/file") == "kept\n"
    files.run("down")
    files.run("up", "-d")
    assert sh(files, "ls /data") == ""


def test_mounts_of_the_machine(files: Files) -> None:
    (files.folder / "a").mkdir()
    (files.folder / "a" / "file").write_text("here\n")
    (files.folder / "secret").write_text("word\n")
    files.write(compose("""
volumes:
  - ./a:/a:ro
  - {type: bind, source: ./a/file, target: /etc/deep/file, read_only: true}
  - ./made:/made
  - ./a:/var/run/linked   # /var/run is a link to /run
tmpfs: ["/scratch:size=1m,mode=1777", "/programs:exec,uid=5,mode=700"]
secrets: [word]
""") + "secrets:\n  word: {file: ./secret}\n")
    files.run("up", "-d")
    assert sh(files, "cat /a/file /etc/deep/file /run/linked/file") == "here\n" * 3
    assert sh(files, "cat /run/secrets/word") == "word\n"
    assert "Read-only" in files.fail("exec", "-T", "one", "touch", "/a/new")
    assert "Read-only" in files.fail("exec", "-T", "one", "touch", "/etc/deep/file")
    assert "Read-only" in files.fail("exec", "-T", "one", "touch", "/run/secrets/word")
    sh(files, "touch /made/new")
    assert (files.folder / "made" / "new").exists()
    full = "dd if=/dev/zero of=/scratch/x bs=2M count=1"
    assert "No space" in files.fail("exec", "-T", "one", *full.split())
    assert sh(files, "stat -c '%a %u' /scratch /programs") == "1777 0\n700 5\n"
    sh(files, "cp /bin/true /programs && /programs/true")
    no_program = ["sh", "-c", "cp /bin/true /scratch/x && /scratch/x"]
    assert "denied" in files.fail("exec", "-T", "one", *no_program, code=126)
    files.write(compose("volumes: [{type: bind, source: ./none, target: /x}]"))
    assert "does not exist" in files.fail("up", "-d")


def test_read_only_root(files: Files) -> None:
    files.write(compose("read_only: true\nvolumes: [data:/data]\ntmpfs: [/tmp]"))
    files.run("up", "-d")
    sh(files, "touch /data/a /tmp/a /dev/shm/a")
    assert "Read-only" in files.fail("exec", "-T", "one", "touch", "/root/a")


def test_user_without_rights(files: Files) -> None:
    files.write(compose("""
user: "1234:5678"
working_dir: /made/here
cap_drop: [ALL]
security_opt: ["no-new-privileges:true"]
group_add: ["99"]
ulimits: {nofile: 321}
shm_size: 2m
hostname: known
"""))
    files.run("up", "-d")
    told = sh(files, "id -u; id -g; id -G; pwd; ulimit -n; hostname; echo $HOME")
    assert told.splitlines() == [
        *("1234", "5678", "5678 99", "/made/here", "321", "known", "/"),
    ]
    assert "denied" in files.fail("exec", "-T", "one", "touch", "/made/here/a")
    assert "denied" in files.fail("exec", "-T", "one", "touch", "/etc/a")
    status = sh(files, "grep -E 'CapBnd|CapEff|NoNewPrivs' /proc/1/status")
    assert status.split()[1::2] == ["0" * 16, "0" * 16, "1"]
    assert sh(files, "df -k /dev/shm | tail -1").split()[1] == "2048"
    assert files.run("exec", "-T", "--user", "root", "one", "id", "-u") == "0\n"


def test_default_capabilities(files: Files) -> None:
    files.write(compose("cap_drop: [CHOWN]\ncap_add: [SYS_TIME]"))
    files.run("up", "-d")
    mask = int(sh(files, "grep CapEff /proc/self/status").split()[1], 16)
    assert mask == 0xA80425FB & ~1 | 1 << 25
    assert "not permitted" in files.fail("exec", "-T", "one", "chown", "5", "/root")
    mount = "mount -t tmpfs x /mnt"
    assert "denied" in files.fail("exec", "-T", "one", *mount.split(), code=32)


def test_sees_only_what_is_its_own(files: Files, tmp_path: Path) -> None:
    files.write(compose("environment: {A: 'x y'}"))
    files.run("up", "-d")
    assert sh(files, f"ls -d {tmp_path} /work 2>&1 | grep -c 'No such'") == "2\n"
    pids = sh(files, "ls /proc | grep '^[0-9]'").split()
    assert "1" in pids and len(pids) < 8
    names = sh(files, "env | cut -d= -f1 | sort").split()
    assert names == ["A", "HOME", "HOSTNAME", "PATH", "PWD"]
    assert "docker" not in sh(
        files, "cat /proc/self/mounts | grep -v -e ' /etc/' -e overlay"
    )
    assert os.listdir(files.folder) == ["compose.yaml"]
