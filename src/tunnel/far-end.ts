/**
 * What runs in a node's container for one connection. It needs nothing installed: kind's nodes are Debian, which
 * always has perl; bash stands in where somebody's node image has no perl. By a line on stderr it tells that the target
 * has ended in good order (docker/exec-stream.ts): a target that was reset and a program that was killed have not.
 */
export interface FarEnd {
  readonly name: "perl" | "bash";
  /** Waits for the first byte before it connects, so that it can be started ahead of its use. */
  readonly waits: boolean;
  command(target: { readonly host: string; readonly port: number }): string[];
}

/** Seconds that the target may be silent after the client has ended its direction, or has gone: they look alike from there. */
const silence = 30;

/**
 * One process for both directions. Neither waits for the other: a server that answers while it is still
 * being sent to would otherwise block for ever. After the target's end it waits for stdin's: a daemon may drop what a
 * program that is gone has said last, where the client is slow.
 */
const perlProgram = `
use strict; use Socket qw(:DEFAULT getaddrinfo IPPROTO_TCP TCP_NODELAY); use Fcntl; use Errno qw(EAGAIN EINTR);
my ($host, $port) = @ARGV; my $most = 262144; $SIG{PIPE} = 'IGNORE';
my ($in, $out) = ('', '');
unless (sysread(STDIN, $in, $most)) { syswrite(STDERR, "end 0\\n"); exit 0 }
my ($error, @found) = getaddrinfo($host, $port, {socktype => SOCK_STREAM});
die "$host: $error\\n" if $error;
my $s; my $why = '';
for (@found) { socket($s, $_->{family}, SOCK_STREAM, 0) or next; last if connect($s, $_->{addr}); $why = $!; undef $s }
die "$host:$port: $why\\n" unless $s;
setsockopt($s, IPPROTO_TCP, TCP_NODELAY, 1);
fcntl($_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK) for $s, *STDOUT;
my $f = fileno($s); my ($inEnded, $told, $outEnded, $sent, $broken) = (0, 0, 0, 0, '');
sub later { $! == EAGAIN || $! == EINTR }
until ($outEnded && $out eq '') {
  if ($inEnded && $in eq '' && !$told) { shutdown($s, 1); $told = 1 }
  my ($r, $w) = ('', '');
  vec($r, 0, 1) = 1 if !$inEnded && length($in) < $most;
  vec($r, $f, 1) = 1 if !$outEnded && length($out) < $most;
  vec($w, $f, 1) = 1 if $in ne '';
  vec($w, 1, 1) = 1 if $out ne '';
  my $n = select($r, $w, undef, $inEnded ? ${silence} : undef);
  die "$host:$port: silent for ${silence} s after the client's end\\n" if $n == 0;
  next if $n < 0;
  if (vec($r, 0, 1)) { my $got = sysread(STDIN, $in, $most, length $in); $inEnded = 1 unless $got || !defined $got && later() }
  if (vec($r, $f, 1)) {
    my $got = sysread($s, $out, $most, length $out);
    if (!defined $got && !later()) { $broken ||= "read: $!"; $outEnded = 1 }
    elsif (defined $got && !$got) { $outEnded = 1 }
  }
  if (vec($w, $f, 1)) {
    my $put = syswrite($s, $in);
    if ($put) { substr($in, 0, $put, '') } elsif (!later()) { $broken ||= "write: $!"; $in = ''; $inEnded = $told = 1 }
  }
  if (vec($w, 1, 1)) { my $put = syswrite(STDOUT, $out); if ($put) { substr($out, 0, $put, ''); $sent += $put } elsif (!later()) { exit 1 } }
}
die "$host:$port: $broken\\n" if $broken;
syswrite(STDERR, "end $sent\\n");
close $s;
until ($inEnded) { my $got = sysread(STDIN, $in, $most); $inEnded = 1 unless $got || !defined $got && $! == EINTR }
`;

/**
 * bash cannot close one direction alone: after the client's end the target gets two seconds. Each is waited for by its
 * number: `wait -n` forgets one that has ended before it is asked.
 */
const bashProgram = `
exec 3<>"/dev/tcp/$1/$2" 4<&0 || exit 1
cat <&3 & reads=$!
{ trap 'kill $!; exit' TERM; cat <&4 >&3 & wait $!; sleep 2; kill $reads; } >/dev/null 2>&1 & writes=$!
wait $reads && echo end >&2
kill $writes 2>/dev/null
`;

export const perlEnd: FarEnd = {
  name: "perl",
  waits: true,
  command: ({ host, port }) => ["perl", "-e", perlProgram, host, String(port)],
};

export const bashEnd: FarEnd = {
  name: "bash",
  waits: false,
  command: ({ host, port }) => ["bash", "-c", bashProgram, "bash", host, String(port)],
};
