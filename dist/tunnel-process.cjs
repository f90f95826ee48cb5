"use strict";const importMetaUrl=require("node:url").pathToFileURL(__filename).href;
"use strict";var import_node_fs=require("node:fs"),import_node_http=require("node:http"),import_node_https=require("node:https"),import_node_path=require("node:path"),EngineError=class extends Error{name="EngineError";status;constructor(status,message){super(message),this.status=status}},patience=3e4,keptAlive=15e3;function engineApi(connection){return{call:(method,path,body)=>call(connection,method,path,body),hijack:(path,body)=>hijack(connection,path,body)}}function call(connection,method,path,body){return new Promise((resolve,reject)=>{let asked=start(connection,method,path,body,{});asked.on("error",reject),asked.on("response",response=>{textOf(response).then(text=>{let status=response.statusCode??0;if(status>=400)return reject(new EngineError(status,messageIn(text)));resolve(text===""?void 0:JSON.parse(text))}).catch(reject)})})}function hijack(connection,path,body){return new Promise((resolve,reject)=>{let asked=start(connection,"POST",path,body,{Connection:"Upgrade",Upgrade:"tcp"});asked.on("error",reject),asked.on("upgrade",(_response,stream,early)=>resolve({stream,early})),asked.on("response",response=>{textOf(response).then(text=>reject(new EngineError(response.statusCode??0,messageIn(text))),reject)})})}function start(connection,method,path,body,headers){let text=body===void 0?void 0:JSON.stringify(body),options={method,path,agent:!1,timeout:patience,headers:{...headers,...connection.kind==="socket"?{Host:"docker"}:{},...text===void 0?{}:{"Content-Type":"application/json","Content-Length":String(Buffer.byteLength(text))}}},asked=open(connection,options);asked.on("timeout",()=>asked.destroy(new Error(`the daemon did not answer ${method} ${path}`)));let unlimited=()=>asked.setTimeout(0);return asked.once("response",unlimited),asked.once("upgrade",unlimited),asked.once("socket",socket=>{socket.setKeepAlive(!0,keptAlive),socket.setNoDelay(!0)}),asked.end(text),asked}function open(connection,options){if(connection.kind==="socket")return(0,import_node_http.request)({...options,socketPath:connection.path});let{host,port,tls}=connection;return tls===void 0?(0,import_node_http.request)({...options,host,port}):(0,import_node_https.request)({...options,host,port,...tlsFiles(tls),rejectUnauthorized:tls.verify})}function tlsFiles({folder}){let files={};for(let name of["ca","cert","key"])try{files[name]=(0,import_node_fs.readFileSync)((0,import_node_path.join)(folder,`${name}.pem`))}catch{}return files}async function textOf(response){response.setEncoding("utf8");let text="";for await(let part of response)text+=String(part);return text}function messageIn(text){try{let answer=JSON.parse(text);if(typeof answer=="object"&&answer!==null&&"message"in answer)return String(answer.message)}catch{}return text.trim()}function messageOf(error){return error instanceof Error?error.message:String(error)}function codeOf(error){if(!(typeof error!="object"||error===null||!("code"in error)))return typeof error.code=="string"?error.code:void 0}var import_node_net=require("node:net"),patience2=3e3;function directTransport(node){return{name:"direct",prepare(){},async open({host,port}){let socket=await connected({host:host==="127.0.0.1"?node:host,port});return{input:socket,output:socket,destroy:()=>socket.destroy()}}}}function connected({host,port}){return new Promise((resolve,reject)=>{let socket=(0,import_node_net.connect)({host,port,allowHalfOpen:!0,noDelay:!0});socket.setTimeout(patience2,()=>socket.destroy(new Error(`${host}:${port} does not answer`))),socket.once("error",reject),socket.once("connect",()=>{socket.setTimeout(0),socket.removeListener("error",reject),resolve(socket)})})}var import_node_net2=require("node:net");function forward(route,transport,log2){let server=(0,import_node_net2.createServer)({allowHalfOpen:!0,noDelay:!0,pauseOnConnect:!0},client=>{client.on("error",()=>client.destroy()),transport().open(route.target).then(carrier=>join2(client,carrier,why=>log2(`${route.name}: ${why}`)),error=>{log2(`${route.name}: no way to the other side: ${String(error)}`),client.resetAndDestroy()})});return listen(server,route.port)}function join2(client,carrier,log2){let drop=()=>{client.destroy(),carrier.destroy()};if(client.destroyed){drop();return}let cut=error=>{error!==void 0&&!client.destroyed&&log2(error.message),client.resetAndDestroy(),carrier.destroy()};client.on("error",drop),carrier.input.on("error",cut),carrier.output.on("error",cut),client.pipe(carrier.input),carrier.output.pipe(client),client.on("close",drop),carrier.output.on("end",()=>carrier.destroy()),carrier.input.on("close",()=>client.resume()),carrier.output.on("close",()=>{carrier.output.readableEnded||cut()})}function listen(server,port){return new Promise((resolve,reject)=>{server.once("error",reject),server.listen({host:"127.0.0.1",port,exclusive:!0,backlog:511},()=>{server.removeListener("error",reject),server.on("error",()=>{});let address=server.address();resolve({port:typeof address=="object"&&address!==null?address.port:port,close:()=>server.close()})})})}var every=3e3,givenUpAfter=30*6e4;async function nodeGone(api,node){let answered=Date.now();for(;;){try{await api.call("GET",`/containers/${encodeURIComponent(node)}/json`),answered=Date.now()}catch(error){if(error instanceof EngineError&&error.status===404)return"the cluster is gone";if(Date.now()-answered>givenUpAfter)return"the daemon has not answered for half an hour"}await new Promise(resolve=>setTimeout(resolve,every))}}async function nodeId(api,name){let found=await api.call("GET",`/containers/${encodeURIComponent(name)}/json`);if(typeof found=="object"&&found!==null&&"Id"in found)return String(found.Id);throw new Error(`the daemon did not tell the id of ${name}`)}var apiTarget={host:"127.0.0.1",port:6443};var import_node_child_process=require("node:child_process"),import_node_net3=require("node:net"),look=30,pause=1e3,kept=4e3;function keepSsh(args,socket,log2){return new Promise((resolve,reject)=>{let up=!1,start2=()=>{let child=(0,import_node_child_process.spawn)("ssh",args,{stdio:["ignore","ignore","pipe"]}),words="";child.stderr.setEncoding("utf8").on("data",text=>{words=(words+text).slice(-kept),log2(`ssh: ${text.trim()}`)});let ended=!1;child.on("error",error=>{words=error.message}),child.on("close",code=>{if(ended=!0,!up)return reject(new Error(words.trim()===""?`ssh ended with exit code ${code}`:words.trim()));log2(`ssh ended (exit code ${code}); again in a second`),setTimeout(start2,pause)});let wait=()=>{ended||up||takesConnections(socket).then(takes=>{up=takes,takes?resolve():setTimeout(wait,look)},reject)};wait()};start2()})}function takesConnections(path){return new Promise(resolve=>{let socket=(0,import_node_net3.connect)(path),settle=takes=>{socket.destroy(),resolve(takes)};socket.once("connect",()=>settle(!0)),socket.once("error",()=>settle(!1))})}var import_node_stream=require("node:stream");async function openExec(api,container,command,onStderr,ends="with the stream"){let created=await api.call("POST",`/containers/${encodeURIComponent(container)}/exec`,{AttachStdin:!0,AttachStdout:!0,AttachStderr:!0,Tty:!1,Cmd:command}),{stream,early}=await api.hijack(`/exec/${idOf(created)}/start`,{Detach:!1,Tty:!1}),output=new StdoutOfFrames(onStderr,ends==="as told");return early.length>0&&output.write(early),stream.pipe(output),stream.on("error",error=>output.destroy(error)),stream.on("close",()=>{output.writableEnded||output.end()}),{input:stream,output,destroy(){stream.destroy(),output.destroy()}}}function idOf(answer){if(typeof answer=="object"&&answer!==null&&"Id"in answer)return String(answer.Id);throw new Error("the daemon created a process without an id")}var headLength=8,endLine="end",StdoutOfFrames=class extends import_node_stream.Transform{#onStderr;#mustBeTold;#head=Buffer.alloc(0);#stream=0;#left=0;#passed=0;#told=!1;constructor(onStderr,mustBeTold=!1){super(),this.#onStderr=onStderr,this.#mustBeTold=mustBeTold}_transform(chunk,_encoding,done){let rest=chunk;for(;rest.length>0;)rest=this.#left===0?this.#readHead(rest):this.#readBody(rest);done()}_flush(done){let whole=this.#told||!this.#mustBeTold;done(whole?null:new Error(`cut off after ${this.#passed} bytes`))}#readHead(chunk){let taken=headLength-this.#head.length;return this.#head=Buffer.concat([this.#head,chunk.subarray(0,taken)]),this.#head.length===headLength&&(this.#stream=this.#head[0]??0,this.#left=this.#head.readUInt32BE(4),this.#head=Buffer.alloc(0)),chunk.subarray(taken)}#readBody(chunk){let body=chunk.subarray(0,this.#left);return this.#left-=body.length,this.#stream===2?this.#hear(body.toString("utf8")):(this.#passed+=body.length,this.push(body)),chunk.subarray(body.length)}#hear(text){for(let line of text.split(`
`).filter(part=>part!==""))this.#mustBeTold&&line===endLine?this.#told=!0:this.#onStderr(line)}};var program=`
exec 3<>"/dev/tcp/$1/$2" 4<&0 || exit 1
cat <&3 & reads=$!
{ trap 'kill $!; exit' TERM; cat <&4 >&3 & wait $!; sleep 2; kill $reads; } >/dev/null 2>&1 & writes=$!
wait $reads && echo end >&2
kill $writes 2>/dev/null
`;function bashEnd({host,port}){return["bash","-c",program,"bash",host,String(port)]}var kinds={open:1,data:2,end:3,reset:4,credit:5,ping:6},kindNames=new Map(Object.entries(kinds).map(([name,kind])=>[kind,name])),headLength2=9,mostOfWords=4096;function encode(frame){let body=bodyOf(frame),head=Buffer.allocUnsafe(headLength2);return head.writeUInt32BE(frame.id),head[4]=kinds[frame.what],head.writeUInt32BE(body?.length??0,5),body===void 0?[head]:[head,body]}function bodyOf(frame){switch(frame.what){case"data":return frame.bytes;case"reset":return Buffer.from(frame.why).subarray(0,mostOfWords);case"credit":{let bytes=Buffer.allocUnsafe(4);return bytes.writeUInt32BE(frame.bytes),bytes}case"open":case"end":case"ping":return}}var FrameReader=class{#head=Buffer.alloc(0);#id=0;#what;#left=0;#body=Buffer.alloc(0);read(chunk){let frames=[],rest=chunk;for(;;){this.#what===void 0&&(rest=this.#readHead(rest));let what=this.#what;if(what===void 0)return frames;let part=rest.subarray(0,this.#left);if(rest=rest.subarray(part.length),this.#left-=part.length,what!=="data"?this.#body=Buffer.concat([this.#body,part]):part.length>0&&frames.push({id:this.#id,what,bytes:part}),this.#left>0)return frames;what!=="data"&&frames.push(frameOf(this.#id,what,this.#body)),this.#what=void 0}}#readHead(chunk){let taken=headLength2-this.#head.length;if(this.#head=Buffer.concat([this.#head,chunk.subarray(0,taken)]),this.#head.length<headLength2)return chunk.subarray(taken);let head=this.#head,what=kindNames.get(head[4]??0);if(this.#id=head.readUInt32BE(),this.#left=head.readUInt32BE(5),what===void 0||what!=="data"&&this.#left>mostOfWords)throw new Error(`no frame: ${Buffer.concat([head,chunk.subarray(taken)]).toString("utf8",0,500)}`);return this.#what=what,this.#head=Buffer.alloc(0),this.#body=Buffer.alloc(0),chunk.subarray(taken)}};function frameOf(id,what,body){return what==="reset"?{id,what,why:body.toString("utf8")}:what==="credit"?{id,what,bytes:body.length<4?0:body.readUInt32BE()}:{id,what}}var windows={first:262144,most:4194304,spare:33554432},Window=class{#spare;#size=windows.first;#owed=0;constructor(spare){this.#spare=spare}taken(bytes,keepsUp){if(this.#owed+=bytes,this.#owed<this.#size/4)return 0;let more=keepsUp?Math.min(this.#size,windows.most-this.#size,this.#spare.left):0;this.#size+=more,this.#spare.left-=more;let granted=this.#owed+more;return this.#owed=0,granted}release(){this.#spare.left+=this.#size-windows.first,this.#size=windows.first}};var usualPatience=10,goodFor=3,mostWaiting=256*1024,mostAtOnce=256*1024,mostDescriptors=1e3,program2=String.raw`
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
  $most = $c->{may} if $c->{may} < $most; my $at = length $out; $out .= "\0" x ${headLength2};
  my $got = sysread($c->{s}, $out, $most, $at + ${headLength2});
  if ($got) {
    substr($out, $at, ${headLength2}) = pack('NCN', $c->{id}, ${kinds.data}, $got);
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
  while (length($in) - $at >= ${headLength2}) {
    my ($id, $kind, $length) = unpack('NCN', substr($in, $at, ${headLength2}));
    last if length($in) - $at - ${headLength2} < $length;
    hear($kind, $id, $at + ${headLength2}, $length); $at += ${headLength2} + $length;
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
`;function multiplexer({host,port},patience4=usualPatience){return["perl","-e",program2,host,String(port),String(patience4)]}var import_node_stream2=require("node:stream");var silence=3e4,mostOfFrame=64*1024,Connection=class extends import_node_stream2.Duplex{id;#link;#window;#opened=!1;#credit=windows.first;#outgoing;#asked=!1;#waiting=[];#last;#wanted=!1;#ended={here:!1,there:!1};#silent;constructor(id,link){super({readableHighWaterMark:0,writableHighWaterMark:mostOfFrame}),this.id=id,this.#link=link,this.#window=new Window(link.spare),this.on("error",()=>{})}get bytesWaiting(){return this.#waiting.reduce((sum,{length})=>sum+length,this.readableLength)}hear(frame){switch(frame.what){case"data":this.#waiting.push(alone(frame.bytes)),this.#silent?.refresh();break;case"end":this.#ended.there=!0,this.#last="end";break;case"reset":this.#ended={here:!0,there:!0},this.#last=new Error(frame.why);break;case"credit":this.#credit+=frame.bytes,this.#transmit();return;case"open":case"ping":return}this.#wanted&&this.#deliver()}_read(){this.#wanted=!0,this.#deliver()}#deliver(){let taken=0;for(;this.#wanted;){let next=this.#waiting.shift();if(next===void 0)break;this.#wanted=this.push(next),taken+=next.length}let idle=this.#waiting.length===0,granted=taken===0?0:this.#window.taken(taken,idle);granted>0&&!this.#ended.there&&this.#link.send({id:this.id,what:"credit",bytes:granted}),!(!idle||this.#last===void 0)&&(this.#last==="end"?this.push(null):this.#wanted&&this.destroy(this.#last))}_write(bytes,_encoding,done){this.#open(),this.#outgoing={bytes,done},this.#transmit()}_final(done){this.#opened?this.#ended.here||(this.#ended.here=!0,this.#link.send({id:this.id,what:"end"}),this.#watchSilence()):(this.#ended={here:!0,there:!0},this.#last="end",this.#wanted&&this.#deliver()),done()}_destroy(error,done){clearTimeout(this.#silent),this.#window.release(),this.#link.forget(this.id),this.#opened&&!(this.#ended.here&&this.#ended.there)&&this.#link.send({id:this.id,what:"reset",why:"dropped"}),done(error)}#open(){this.#opened||(this.#opened=!0,this.#link.send({id:this.id,what:"open"}))}#transmit(){for(;this.#outgoing!==void 0&&this.#credit>0&&!this.destroyed;){if(this.#link.full){this.#waitInTurn();return}let{bytes,done}=this.#outgoing,part=bytes.subarray(0,Math.min(this.#credit,mostOfFrame));this.#credit-=part.length,this.#link.send({id:this.id,what:"data",bytes:part}),part.length<bytes.length?this.#outgoing.bytes=bytes.subarray(part.length):(this.#outgoing=void 0,done())}}#waitInTurn(){this.#asked||(this.#asked=!0,this.#link.whenFree(()=>{this.#asked=!1,this.#transmit()}))}#watchSilence(){this.#silent=setTimeout(()=>{this.bytesWaiting>0?this.#silent?.refresh():this.#ended.there||this.destroy(new Error(`silent for ${silence/1e3} s after the client's end`))},silence).unref()}};function alone(bytes){return bytes.length*4<bytes.buffer.byteLength?Buffer.from(bytes):bytes}var patience3=15e3,Session=class{#stream;#connections=new Map;#reader=new FrameReader;#link;#waiting=[];#full=!1;#lastId=0;#ended=!1;#heard="something";#asks;#events;constructor(stream,events){this.#stream=stream,this.#events=events;let full=()=>this.#full;this.#link={spare:{left:windows.spare},send:frame=>this.#send(frame),get full(){return full()},whenFree:again=>this.#waiting.push(again),forget:id=>this.#forget(id)},stream.output.on("data",chunk=>this.#hear(chunk));for(let side of[stream.output,stream.input])side.on("error",error=>this.#end(messageOf(error))),side.on("close",()=>this.#end("the stream through the daemon was cut"));stream.output.on("end",()=>this.#end("the stream through the daemon was cut")),stream.input.on("drain",()=>this.#free()),this.#asks=setInterval(()=>this.#ask(),patience3).unref()}get size(){return this.#connections.size}connect(){if(this.#ended)throw new Error("the stream through the daemon has ended");let connection=new Connection(++this.#lastId,this.#link);return this.#connections.set(connection.id,connection),connection}close(){this.#end()}#forget(id){this.#connections.delete(id),this.#connections.size===0&&!this.#ended&&this.#events.idle()}#ask(){this.#heard==="nothing since it was asked"?this.#end(`the far end has not answered for ${patience3/1e3} s`):this.#heard==="nothing"&&this.#connections.size>0?(this.#heard="nothing since it was asked",this.#send({id:0,what:"ping"})):this.#heard="nothing"}#hear(chunk){this.#heard="something";try{for(let frame of this.#reader.read(chunk))this.#connections.get(frame.id)?.hear(frame)}catch(error){this.#end(messageOf(error))}}#send(frame){if(this.#ended)return;let{input}=this.#stream;input.writableCorked===0&&(input.cork(),process.nextTick(()=>input.uncork()));for(let part of encode(frame))input.write(part)||(this.#full=!0)}#free(){for(this.#full=!1;!this.#full;){let next=this.#waiting.shift();if(next===void 0)return;next()}}#end(why){if(!this.#ended){this.#ended=!0,clearInterval(this.#asks);for(let connection of this.#connections.values())connection.destroy(new Error(why??"the stream through the daemon has ended"));this.#stream.destroy(),why!==void 0&&this.#events.ended(why)}}};var mostConnections=400,pause2=1e3,Sessions=class{#start;#log;#open=[];#coming;constructor(start2,log2){this.#start=start2,this.#log=log2,this.#keepOne()}async connect(){for(;;){let session=this.#open.find(({size})=>size<mostConnections);if(session!==void 0)return session.connect();await this.#another()}}#another(){return this.#coming??=this.#start().then(stream=>{let session=new Session(stream,{ended:why=>this.#lost(session,why),idle:()=>this.#spare(session)});this.#open.push(session)}).finally(()=>{this.#coming=void 0}),this.#coming}#lost(session,why){this.#open=this.#open.filter(one=>one!==session),this.#log(why),this.#keepOneSoon()}#spare(session){this.#open.length!==1&&(this.#open=this.#open.filter(one=>one!==session),session.close())}#keepOne(){this.#open.length>0||this.#coming!==void 0||this.#another().catch(()=>this.#keepOneSoon())}#keepOneSoon(){setTimeout(()=>this.#keepOne(),pause2).unref()}};var Turns=class{#free;#waiting=[];constructor(atOnce){this.#free=atOnce}async take(work){this.#free>0?this.#free--:await new Promise(resolve=>this.#waiting.push(resolve));try{return await work()}finally{let next=this.#waiting.shift();next===void 0?this.#free++:next()}}};var startsAtOnce=8;async function streamTransport(api,node,log2){let perl=await hasPerl(api,node);return log2(`streams through the daemon end in ${perl?"perl":"bash"} in ${node}`),perl?manyOnOne(api,node,log2):oneForEach(api,node,log2)}function manyOnOne(api,node,log2){let targets=new Map,to=target=>{let key=`${target.host}:${target.port}`,complain=line=>log2(`far end of ${key}: ${line}`),known=targets.get(key)??new Sessions(()=>openExec(api,node,multiplexer(target),complain),complain);return targets.set(key,known),known};return{name:"stream",prepare:target=>{to(target)},async open(target){let connection=await to(target).connect();return{input:connection,output:connection,destroy:()=>connection.destroy()}}}}function oneForEach(api,node,log2){let turns=new Turns(startsAtOnce),complain=line=>log2(`far end: ${line}`);return{name:"stream",prepare(){},open:target=>turns.take(()=>openExec(api,node,bashEnd(target),complain,"as told"))}}async function hasPerl(api,node){let asked=await openExec(api,node,["sh","-c","command -v perl"],()=>{});asked.input.end();let said="";for await(let part of asked.output)said+=String(part);return asked.destroy(),said.includes("perl")}var graceOfSsh=12e4;function serveTunnel(){let transport,grace=0,stays=!1;async function carry(request){transport??=begin(request,grace);let ready=await transport,{port}=await forward(request.route,()=>ready,log);return ready.prepare(request.route.target),log(`${request.route.name}: 127.0.0.1:${port} by ${ready.name}`),{id:request.id,port,transport:ready.name}}async function ssh({id,args,socket}){return grace=graceOfSsh,await keepSsh(args,socket,log),{id,port:0,transport:"ssh"}}process.on("message",request=>{if(request.what==="stay"){stays=!0;return}(request.what==="carry"?carry(request):ssh(request)).catch(error=>({id:request.id,error:messageOf(error),code:codeOf(error)})).then(answer=>{process.connected&&process.send?.(answer,void 0,void 0,()=>{})})}),process.on("disconnect",()=>{transport===void 0&&!stays&&quit()});for(let signal of["SIGINT","SIGTERM","SIGHUP"])process.on(signal,quit)}async function begin({connection,node,joined},grace){let api=engineApi(connection),id=await nodeId(api,node);return nodeGone(api,id).then(reason=>{log(`ends${grace===0?"":" soon"}: ${reason}`),setTimeout(quit,grace)}),(joined?await tryDirect(node):void 0)??streamTransport(api,id,log)}async function tryDirect(node){let direct=directTransport(node);try{return(await direct.open(apiTarget)).destroy(),direct}catch(error){log(`no direct way to ${node}: ${messageOf(error)}`);return}}function quit(){process.removeAllListeners("SIGTERM"),process.kill(-process.pid,"SIGTERM"),process.exit(0)}process.stdout.on("error",()=>{});function log(line){process.stdout.write(`${new Date().toISOString()} ${line}
`)}serveTunnel();
