"""Runs a command on a terminal of its own. usage: on-terminal.py ROWS COLUMNS command...

What comes in on standard input is typed, what the command shows goes to standard output, and a line `ROWS COLUMNS` on
descriptor 3 changes the size. Ends with the command, and with its status."""
import fcntl, os, pty, select, signal, struct, sys, termios

rows, columns, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
size = lambda r, c: struct.pack("HHHH", r, c, 0, 0)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, size(rows, columns))
# What the terminal was like before anything was typed; whoever leaves has to leave it so.
before = termios.tcgetattr(terminal)
sources, order = [terminal, 0, 3], b""
while terminal in sources:
    for ready in select.select(sources, [], [])[0]:
        try:
            data = os.read(ready, 65536)
        except OSError:
            data = b""
        if not data:
            sources.remove(ready)
        elif ready == terminal:
            os.write(1, data)
        elif ready == 0:
            os.write(terminal, data)
        else:
            order += data
            while b"\n" in order:
                line, order = order.split(b"\n", 1)
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, size(*map(int, line.split())))
                os.kill(pid, signal.SIGWINCH)
same = termios.tcgetattr(terminal)[:4] == before[:4]
_, status = os.waitpid(pid, 0)
os.write(1, b"\x1b_restored=%d\x1b\\" % same)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
