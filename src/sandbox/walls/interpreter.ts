// The program that performs the acts of the boot probe, on both sides of the wall.

/** Performs acts, one a line: name, kind and arguments between tabs. Core Perl only, because it is on every system. */
export const interpreter = String.raw`
use strict;
use Errno;
use Fcntl;
use Socket ();
my %names = map { Errno->can($_)->() => $_ } grep { Errno->can($_) } keys %!;
# SIGSYS: 31 on every architecture that Node is made for.
my $badCall = 31;
while (my $line = <STDIN>) {
  chomp $line;
  my ($name, $kind, @args) = split /\t/, $line, -1;
  my $value = perform($kind, @args);
  my $result = ref $value ? "failed\t$$value" : defined $value ? "worked\t$value" : "failed\t" . ($names{ 0 + $! } // 0 + $!);
  syswrite STDOUT, "$name\t$result\n";
}
sub perform {
  my ($kind, @a) = @_;
  if ($kind eq "open") {
    sysopen(my $file, $a[0], O_RDONLY) or return;
    return defined sysread($file, my $byte, 1) ? "" : undef;
  }
  if ($kind eq "create") { return sysopen(my $file, $a[0], O_WRONLY | O_CREAT, 0600) ? "" : undef }
  if ($kind eq "touch") { return utime(undef, undef, $a[0]) ? "" : undef }
  if ($kind eq "socket") { return socket(my $socket, $a[0], $a[1], $a[2] // 0) ? "" : undef }
  if ($kind eq "link") { return readlink $a[0] }
  if ($kind eq "device") { my @status = stat $a[0]; return @status ? $status[0] : undef }
  if ($kind eq "connect") {
    socket(my $socket, Socket::AF_INET(), $a[2], 0) or return;
    return connect($socket, Socket::pack_sockaddr_in($a[1], Socket::inet_aton($a[0]))) ? "" : undef;
  }
  if ($kind eq "syscall") {
    my ($number, @rest) = map { 0 + $_ } @a;
    return syscall($number, @rest) == -1 ? undef : "";
  }
  if ($kind eq "apart") {
    pipe(my $in, my $out) or return;
    my ($number, @rest) = map { 0 + $_ } @a;
    defined(my $child = fork) or return;
    if ($child == 0) {
      syswrite $out, syscall($number, @rest) == -1 ? 0 + $! : 0;
      # An ordinary end would put back what the parent has read ahead of its own input.
      kill KILL => $$;
    }
    close $out;
    my $said = sysread($in, my $errno, 9);
    waitpid $child, 0;
    return \ (($? & 127) == $badCall ? "SIGSYS" : "signal $?") unless $said;
    return "" if $errno == 0;
    $! = $errno;
    return;
  }
  if ($kind eq "environ") {
    my %seen;
    for my $path (glob "/proc/[0-9]*/environ") {
      open(my $file, "<", $path) or next;
      local $/ = "\0";
      while (my $entry = <$file>) { $seen{$1} = 1 if $entry =~ /^([^=\s,]+)=/ }
    }
    return join ",", sort keys %seen;
  }
  if ($kind eq "status") {
    open(my $file, "<", "/proc/self/status") or return;
    my %status = map { /^(\w+):\s*(.*)$/ ? ($1, $2) : () } <$file>;
    return join ",", @status{qw(CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp)};
  }
  $! = 22;
  return;
}
`;
