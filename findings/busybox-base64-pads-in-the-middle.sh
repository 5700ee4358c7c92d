#!/usr/bin/env bash
# busybox 1.35.0 (Debian 12, busybox-static): `busybox base64 FILE` of a log that somebody writes to meanwhile prints text that is no base64. At the
# end of what it has read it pads with `=`; where the file has grown by then it goes on reading, and prints the rest behind the padding, on the same
# line (`…Ao=eHh4…`), with status 0. GNU's base64 ends at the first end of file: its text is whole, and what came later is left out. Python's
# strict decoder refuses busybox's text ("Excess data after padding"), its lenient one keeps what stands before the padding and drops the rest without a word:
# who sends a growing log that way reads a shorter file, or a broken one, now and then. `head -c SIZE FILE | busybox base64` is right: it reads a pipe to
# its end. Each piece between paddings is right by itself.
# The writer makes a few hundred short lines a millisecond; of some hundred readings one in ten has padding in the middle here. Exits with 1 where
# what is stated is no longer so.
set -eu
version=1:1.35.0-4+deb12u1+b1
work=$(mktemp -d)
writer=
trap '[ -z "$writer" ] || kill "$writer"; rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download "busybox-static=$version" >/dev/null
dpkg-deb -x ./busybox-static_*.deb package

cat >writer.py <<'PY'
with open('log', 'ab', buffering=0) as log:
    while True:
        log.write(b'agno = 0 here\n')
        if log.tell() > 60000:
            log.truncate(0)
            log.seek(0)
PY
cat >reader.py <<'PY'
import base64, binascii, re, subprocess, sys

def refused(text):
    try:
        base64.b64decode(text.replace('\n', ''), validate=True)
    except binascii.Error:
        return True
    return False

def readings(command):
    for _ in range(2000):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done
        yield done.stdout

padded = next((text for text in readings([sys.argv[1], 'base64', 'log']) if re.search(r'=[^=\n]', text)), None)
if padded is None or not refused(padded):
    sys.exit('no longer so: busybox never padded in the middle')
joined = padded.replace('\n', '')
# Strict: raises where a piece by itself is not right.
pieces = [base64.b64decode(piece, validate=True) for piece in re.findall(r'[^=]+=*', joined)]
lenient = len(base64.b64decode(joined))
print(f'busybox: {len(pieces)} pieces of {sum(map(len, pieces))} bytes, read as {lenient} by a lenient decoder')
if lenient >= sum(map(len, pieces)):
    sys.exit('no longer so: the lenient decoder lost nothing')
if any(refused(text) for text in readings(['/usr/bin/base64', 'log'])):
    sys.exit('no longer so: GNU base64 does it too')
if any(refused(text) for text in readings(['sh', '-c', f'head -c 9000 log | {sys.argv[1]} base64'])):
    sys.exit('no longer so: of a pipe busybox does it too')
print('GNU, and busybox of a pipe: never in 2000 readings')
PY
touch log
python3 writer.py &
writer=$!
python3 reader.py "$work/package/bin/busybox"
