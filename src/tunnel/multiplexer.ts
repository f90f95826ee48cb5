import { headLength, kinds } from "./frames.ts";
import type { Target } from "./route.ts";
import { windows } from "./windows.ts";

/** Seconds that a target may take to answer a connection. */
const usualPatience = 10;
/** Seconds that a name's addresses are good for: the container that has the name may start again with another. */
const goodFor = 3;
/** Bytes that wait for our side before targets are read no further, and bytes that one of them is read at once. */
const mostWaiting = 256 * 1024;
const mostAtOnce = 256 * 1024;
/** Descriptors: select() takes no more than 1024. */
const mostDescriptors = 1000;

/**
 * The far end of a session: one process in the node's container for many connections to one target, with
 * nothing but what Debian's smallest perl has. Frames on stdin and stdout are those of frames.ts. Nothing in it waits
 * but select: a target that does not answer, a name that is not found, a reader that is slow hold up nobody else.
 * It reads behind what is there already and writes from where it lies, since each copy is paid for at every megabyte.
 */
const program = String.raw`
use strict; use Errno qw(EAGAIN EINTR EINPROGRESS); use Fcntl;
use Socket qw(:DEFAULT getaddrinfo AI_NUMERICHOST IPPROTO_TCP TCP_NODELAY SO_ERROR SO_LINGER);
my ($host, $port, $patience) = @ARGV; my ($in, $out) = ('', ''); my (%by_id, %by_fd); my $spare = ${windows.spare};
my ($reads, $writes, $stdin) = ('', '', ''); vec($reads, 0, 1) = vec($stdin, 0, 1) = 1;
my (@found, $found_at, $resolver, @asking); my $answer = ''; my $dialling = 0;
$SIG{PIPE} = 'IGNORE';
sub nonblocking { fcntl($_[0], F_SETFL, fcntl($_[0], F_GETFL, 0) | O_NONBLOCK) }
sub later { $! == EAGAIN || $! == EINTR }
sub put { my ($c, $kind, $body) = @_; $out .= pack('NCN', $c->{id}, $kind, length $body) . $body }

# A connection goes: with a reset for the target unless both directions have ended.
sub forget { my ($c) = @_;
  delete $by_id{$c->{id}}; $spare += $c->{window} - ${windows.first};
  hang_up($c, !($c->{told} && $c->{ended}));
}
sub hang_up { my ($c, $reset) = @_; my $s = delete $c->{s} or return;
  my $fd = fileno $s; delete $by_fd{$fd}; vec($reads, $fd, 1) = vec($writes, $fd, 1) = 0;
  $dialling-- if delete $c->{until};
  setsockopt($s, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $reset;
  close $s;
}
sub broken { my ($c, $why) = @_; put($c, ${kinds.reset}, "$host:$port: $why"); forget($c) }

# Names are looked up by a child: that may take as long as it likes.
sub resolve {
  my $pid = open($resolver, '-|');
  if (!defined $pid) { my $why = "fork: $!"; undef $resolver; broken($_, $why) for splice @asking; return }
  if (!$pid) {
    close STDIN; close STDERR; close $_->{s} for values %by_fd;
    my ($error, @all) = getaddrinfo($host, $port, {socktype => SOCK_STREAM});
    syswrite(STDOUT, $error ? "!$error" : join('', map { pack('N n/a', $_->{family}, $_->{addr}) } @all));
    exit;
  }
  $answer = ''; vec($reads, fileno $resolver, 1) = 1;
}
sub resolved {
  my $got = sysread($resolver, $answer, 65536, length $answer);
  return if $got || !defined $got && later();
  vec($reads, fileno $resolver, 1) = 0; close $resolver; undef $resolver;
  my @waiting = splice @asking;
  if ($answer =~ /^!(.*)/s or $answer eq '') { my $why = $1 // 'the name could not be looked up'; broken($_, $why) for @waiting; return }
  @found = (); for (my @parts = unpack('(N n/a)*', $answer); @parts;) { push @found, [splice @parts, 0, 2] }
  $found_at = time; dial($_, @found) for @waiting;
}
{ my ($error, @all) = getaddrinfo($host, $port, {socktype => SOCK_STREAM, flags => AI_NUMERICHOST});
  if (!$error) { @found = map { [$_->{family}, $_->{addr}] } @all; $found_at = 'for ever' } }

sub dial { my $c = shift; $c->{addresses} = [@_]; try_next($c, 'no address') }
sub try_next { my ($c, $why) = @_;
  while (my $address = shift @{$c->{addresses}}) {
    my ($family, $to) = @$address;
    socket(my $s, $family, SOCK_STREAM, 0) or ($why = $!, next);
    if (fileno $s > ${mostDescriptors}) { $why = 'too many connections'; last }
    nonblocking($s); setsockopt($s, IPPROTO_TCP, TCP_NODELAY, 1);
    my $done = connect($s, $to);
    if (!$done && $! != EINPROGRESS) { $why = $!; next }
    $c->{s} = $s; $by_fd{fileno $s} = $c;
    if ($done) { connected($c) } else { $c->{until} = time + $patience; $dialling++; vec($writes, fileno $s, 1) = 1 }
    return;
  }
  $found_at = 0 if $found_at ne 'for ever';
  broken($c, $why);
}
sub dialled { my ($c) = @_;
  my $error = unpack('i', getsockopt($c->{s}, SOL_SOCKET, SO_ERROR));
  if ($error) { hang_up($c, 1); $! = $error; return try_next($c, "$!") }
  delete $c->{until}; $dialling--; vec($writes, fileno $c->{s}, 1) = 0; connected($c);
}
sub overdue {
  my @due = grep { $_->{until} && $_->{until} <= time } values %by_fd;
  for my $c (@due) { hang_up($c, 1); try_next($c, "no answer in $patience s") }
}
sub connected { my ($c) = @_;
  $c->{up} = 1; vec($reads, fileno $c->{s}, 1) = 1 if $c->{may};
  flush_queue($c) if $c->{queue} ne ''; tell_end($c) if $c->{s};
}

# To the target. What it does not take waits in its queue, as long as the window at most.
sub flush_queue { my ($c) = @_;
  my $put = syswrite($c->{s}, $c->{queue});
  if (!defined $put) { return later() ? vec($writes, fileno $c->{s}, 1) = 1 : refuses($c, "$!") }
  substr($c->{queue}, 0, $put, ''); vec($writes, fileno $c->{s}, 1) = $c->{queue} ne '';
  grant($c, $put); tell_end($c);
}
# It may still say why before it ends.
sub refuses { my ($c, $why) = @_; $c->{broken} ||= "write: $why"; $c->{queue} = ''; vec($writes, fileno $c->{s}, 1) = 0 }
sub tell_end { my ($c) = @_;
  return if !$c->{complete} || $c->{told} || !$c->{up} || $c->{queue} ne '';
  shutdown($c->{s}, 1); $c->{told} = 1; forget($c) if $c->{ended};
}
sub grant { my ($c, $taken) = @_; $c->{owed} += $taken;
  return if $c->{complete} || $c->{owed} < $c->{window} / 4;
  if ($c->{queue} eq '') {
    my $more = $c->{window}; my $left = ${windows.most} - $more;
    $more = $left if $more > $left; $more = $spare if $more > $spare;
    $c->{window} += $more; $spare -= $more; $c->{owed} += $more;
  }
  put($c, ${kinds.credit}, pack('N', $c->{owed})); $c->{owed} = 0;
}

# From the target, behind a head whose length is written in afterwards.
sub take { my ($c, $most) = @_;
  $most = $c->{may} if $c->{may} < $most; my $at = length $out; $out .= "\0" x ${headLength};
  my $got = sysread($c->{s}, $out, $most, $at + ${headLength});
  if ($got) {
    substr($out, $at, ${headLength}) = pack('NCN', $c->{id}, ${kinds.data}, $got);
    $c->{may} -= $got; vec($reads, fileno $c->{s}, 1) = 0 unless $c->{may};
    return;
  }
  my $why = defined $got ? '' : later() ? undef : "read: $!"; substr($out, $at) = '';
  return unless defined $why;
  $why ||= $c->{broken}; return broken($c, $why) if $why;
  put($c, ${kinds.end}, ''); $c->{ended} = 1; vec($reads, fileno $c->{s}, 1) = 0; forget($c) if $c->{told};
}

# From our side.
sub hear { my ($kind, $id, $at, $length) = @_;
  if ($kind == ${kinds.open}) {
    my $c = $by_id{$id} = {id => $id, may => ${windows.first}, window => ${windows.first}, owed => 0, queue => ''};
    return dial($c, @found) if $found_at && ($found_at eq 'for ever' || time - $found_at < ${goodFor});
    push @asking, $c; resolve() unless $resolver; return;
  }
  return put({id => $id}, $kind, '') if $kind == ${kinds.ping};
  my $c = $by_id{$id} or return;
  if ($kind == ${kinds.data}) {
    return if $c->{broken}; my $put = 0;
    if ($c->{up} && $c->{queue} eq '') {
      $put = syswrite($c->{s}, $in, $length, $at);
      if (!defined $put) { return refuses($c, "$!") unless later(); $put = 0 }
    }
    if ($put < $length) { $c->{queue} .= substr($in, $at + $put, $length - $put); vec($writes, fileno $c->{s}, 1) = 1 if $c->{up} }
    grant($c, $put) if $put;
  }
  elsif ($kind == ${kinds.end}) { $c->{complete} = 1; tell_end($c) }
  elsif ($kind == ${kinds.reset}) { @asking = grep { $_ != $c } @asking; forget($c) }
  elsif ($kind == ${kinds.credit}) { $c->{may} += unpack('N', substr($in, $at, $length)); vec($reads, fileno $c->{s}, 1) = 1 if $c->{up} && !$c->{ended} }
}
sub quit { my @all = values %by_id; forget($_) for @all; exit }
sub listen_here {
  my $got = sysread(STDIN, $in, ${mostAtOnce}, length $in);
  return if !defined $got && later(); quit() unless $got;
  my $at = 0;
  while (length($in) - $at >= ${headLength}) {
    my ($id, $kind, $length) = unpack('NCN', substr($in, $at, ${headLength}));
    last if length($in) - $at - ${headLength} < $length;
    hear($kind, $id, $at + ${headLength}, $length); $at += ${headLength} + $length;
  }
  substr($in, 0, $at, '');
}
sub flush_out {
  my $put = syswrite(STDOUT, $out);
  if (defined $put) { substr($out, 0, $put, '') } elsif (!later()) { quit() }
}

nonblocking(*STDOUT);
while (1) {
  my $room = ${mostWaiting} - length $out;
  my ($r, $w) = ($room > 0 ? $reads : $stdin, $writes);
  vec($w, 1, 1) = 1 if $out ne '';
  my $n = select($r, $w, undef, $dialling ? 1 : undef);
  if ($n > 0) {
    my $readable = unpack('b*', $r); my $share = $room / ($readable =~ tr/1//  || 1);
    $share = $share < 4096 ? 4096 : $share > ${mostAtOnce} ? ${mostAtOnce} : int $share;
    my $writable = unpack('b*', $w);
    for (my $fd = 1; ($fd = index($writable, '1', $fd + 1)) > 0;) { my $c = $by_fd{$fd} or next; $c->{until} ? dialled($c) : flush_queue($c) }
    for (my $fd = 0; ($fd = index($readable, '1', $fd + 1)) > 0;) {
      if (my $c = $by_fd{$fd}) { take($c, $share) if $c->{up} && $c->{may} && !$c->{ended} } elsif ($resolver && $fd == fileno $resolver) { resolved() }
    }
    listen_here() if vec($r, 0, 1);
  }
  overdue() if $dialling;
  flush_out() if $out ne '';
}
`;

/** The command that runs in the node's container. */
export function multiplexer({ host, port }: Target, patience = usualPatience): string[] {
  return ["perl", "-e", program, host, String(port), String(patience)];
}
