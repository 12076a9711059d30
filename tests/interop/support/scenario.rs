//! What many messages of SIPp's scenarios have in common, under a short name: a line `{name …}` of
//! a scenario stands for the lines below. What is special about a message stands in the scenario.

use std::path::Path;

/// One fragment's name, with as many arguments as its lines name `$1`, `$2`.
const FRAGMENTS: &[(&str, &str)] = &[
    (
        // The phone calls; what its INVITE says is noted, for answers and requests.
        "is-called",
        r#"<recv request="INVITE">
             <action>
               <ereg regexp="SIP/2.0.*" search_in="hdr" header="Via:" assign_to="via"/>
               <ereg regexp="[0-9]+ INVITE" search_in="hdr" header="CSeq:" assign_to="cseq"/>
               <ereg regexp="sip:[^;]*;tag=.*" search_in="hdr" header="From:" assign_to="phone"/>
               <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="contact"/>
             </action>
           </recv>
           <Reference variables="via,cseq,phone,contact"/>"#,
    ),
    (
        // A response of the phone's says who it is and where; noted, for requests.
        "learn",
        r#"<ereg regexp="sip:[^;]*;tag=.*" search_in="hdr" header="To:" assign_to="phone"/>
           <ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="contact"/>"#,
    ),
    (
        // The phone takes INVITE number so, which is acknowledged.
        "is-answered",
        r#"<recv response="100" optional="true"/>
           <recv response="180" optional="true"/>
           <recv response="200">
             <action>
               {learn}
             </action>
           </recv>
           {acknowledge $1}"#,
    ),
    (
        // The first lines of the peer's INVITE.
        "invite",
        "INVITE sip:101@[remote_ip]:[remote_port] SIP/2.0
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
         Max-Forwards: 70
         From: \"Peer\" <sip:200@[local_ip]:[local_port]>;tag=peer-[call_number]
         To: <sip:101@[remote_ip]:[remote_port]>
         Call-ID: [call_id]
         CSeq: $1 INVITE
         Contact: <sip:200@[local_ip]:[local_port]>",
    ),
    (
        // The peer calls.
        "call",
        "<send retrans=\"500\">
           <![CDATA[
             {invite 1}
             {sdp 1 sendrecv}
           ]]>
         </send>",
    ),
    (
        // The first lines of a request within the dialog: its number, its method.
        "request",
        "$2 [$contact] SIP/2.0
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
         Max-Forwards: 70
         From: <sip:200@[local_ip]:[local_port]>;tag=peer-[call_number]
         To: <[$phone]
         Call-ID: [call_id]
         CSeq: $1 $2
         Contact: <sip:200@[local_ip]:[local_port]>",
    ),
    (
        // What a response to the INVITE says of it.
        "opening",
        "Via: [$via]
         From: <[$phone]
         To: <sip:200@[local_ip]:[local_port]>;tag=peer-[call_number]
         Call-ID: [call_id]
         CSeq: [$cseq]
         Contact: <sip:200@[local_ip]:[local_port]>",
    ),
    (
        // What a response to the last message says of it.
        "within",
        "[last_Via:]
         [last_From:]
         [last_To:]
         [last_Call-ID:]
         [last_CSeq:]
         Contact: <sip:200@[local_ip]:[local_port]>",
    ),
    (
        // A description: its version, the direction.
        "sdp",
        "Content-Type: application/sdp
         Content-Length: [len]

         v=0
         o=peer 1 $1 IN IP4 [local_ip]
         s=-
         c=IN IP4 [local_ip]
         t=0 0
         m=audio [sound_port] RTP/AVP 0 101
         a=rtpmap:0 PCMU/8000
         a=rtpmap:101 telephone-event/8000
         a=fmtp:101 0-15
         a=$2",
    ),
    (
        // It rings.
        "ring",
        "<send>
           <![CDATA[
             SIP/2.0 180 Ringing
             {opening}
             Content-Length: 0
           ]]>
         </send>",
    ),
    (
        // The call is refused with this status.
        "refuse",
        "<send retrans=\"500\">
           <![CDATA[
             SIP/2.0 $1 Refused
             {opening}
             Content-Length: 0
           ]]>
         </send>
         <recv request=\"ACK\"/>",
    ),
    (
        // The phone gives up.
        "is-cancelled",
        "<recv request=\"CANCEL\"/>
         {ok}
         {refuse 487}",
    ),
    (
        // The call is taken.
        "answer",
        "<send retrans=\"500\">
           <![CDATA[
             SIP/2.0 200 OK
             {opening}
             {sdp 1 sendrecv}
           ]]>
         </send>
         <recv request=\"ACK\"/>",
    ),
    (
        // The last request is granted.
        "ok",
        "<send>
           <![CDATA[
             SIP/2.0 200 OK
             {within}
             Content-Length: 0
           ]]>
         </send>",
    ),
    (
        // The last re-INVITE or UPDATE is granted, with this version and direction.
        "agree",
        "<send>
           <![CDATA[
             SIP/2.0 200 OK
             {within}
             {sdp $1 $2}
           ]]>
         </send>",
    ),
    (
        // An offer within the dialog: the request's number and that of the description, the method,
        // the direction.
        "offer",
        "<send retrans=\"500\">
           <![CDATA[
             {request $1 $2}
             {sdp $1 $3}
           ]]>
         </send>
         <recv response=\"100\" optional=\"true\"/>
         <recv response=\"200\"/>",
    ),
    (
        // The ACK of a 2xx to INVITE number so.
        "acknowledge",
        "<send>
           <![CDATA[
             {request $1 ACK}
             Content-Length: 0
           ]]>
         </send>",
    ),
    (
        // A provisional response, repeated until its PRACK: its status, its number.
        "reliably",
        "<send retrans=\"500\">
           <![CDATA[
             SIP/2.0 $1 For Certain
             {opening}
             Require: 100rel
             RSeq: $2
             Content-Length: 0
           ]]>
         </send>
         <recv request=\"PRACK\"/>
         {ok}",
    ),
    (
        // The same with an answer.
        "reliably-answer",
        "<send retrans=\"500\">
           <![CDATA[
             SIP/2.0 $1 For Certain
             {opening}
             Require: 100rel
             RSeq: $2
             {sdp 1 sendrecv}
           ]]>
         </send>
         <recv request=\"PRACK\"/>
         {ok}",
    ),
    (
        // The ACK of a refusal, within the INVITE's transaction: its number, its target.
        "accept-refusal",
        "<send>
           <![CDATA[
             ACK $2 SIP/2.0
             [last_Via:]
             Max-Forwards: 70
             [last_From:]
             [last_To:]
             [last_Call-ID:]
             CSeq: $1 ACK
             Content-Length: 0
           ]]>
         </send>",
    ),
    (
        // A NOTIFY number so of a transfer: the status it tells, the subscription's state.
        "notify",
        "<send retrans=\"500\">
           <![CDATA[
             {request $1 NOTIFY}
             Event: refer
             Subscription-State: $3
             Content-Type: message/sipfrag;version=2.0
             Content-Length: [len]

             SIP/2.0 $2 Told
           ]]>
         </send>
         <recv response=\"200\"/>",
    ),
    (
        // Takes the phone's transfer, and tells that it tries.
        "try-transfer",
        "<recv request=\"REFER\"/>
         <send>
           <![CDATA[
             SIP/2.0 202 Accepted
             {within}
             Content-Length: 0
           ]]>
         </send>
         {notify 1 100 active;expires=60}",
    ),
    (
        // A re-INVITE of the phone's with this direction, granted as version so with this one.
        "is-changed",
        "<recv request=\"INVITE\">
           <action>
             <ereg regexp=\"a=$1\" search_in=\"body\" check_it=\"true\" assign_to=\"$1\"/>
           </action>
         </recv>
         <Reference variables=\"$1\"/>
         {agree $2 $3}
         <recv request=\"ACK\"/>",
    ),
    (
        // A NOTIFY of the peer's own transfer, granted.
        "is-notified",
        "<recv request=\"NOTIFY\"/>
         {ok}",
    ),
    (
        // The phone calls and is sent to this address.
        "redirect",
        "{is-called}
         <send retrans=\"500\">
           <![CDATA[
             SIP/2.0 302 Moved Temporarily
             [last_Via:]
             [last_From:]
             [last_To:];tag=peer-[call_number]
             [last_Call-ID:]
             [last_CSeq:]
             Contact: $1
             Content-Length: 0
           ]]>
         </send>
         <recv request=\"ACK\"/>",
    ),
    (
        // The peer's re-INVITE number so crosses the phone's, and each refuses the other's.
        "crosses",
        "<send retrans=\"500\">
           <![CDATA[
             {request $1 INVITE}
             {sdp 2 sendrecv}
           ]]>
         </send>
         <recv response=\"100\" optional=\"true\"/>
         <recv response=\"491\"/>
         {accept-refusal $1 [$contact]}
         <send>
           <![CDATA[
             SIP/2.0 491 Request Pending
             Via: [$via]
             From: <[$phone]
             To: <sip:200@[local_ip]:[local_port]>;tag=peer-[call_number]
             Call-ID: [call_id]
             CSeq: [$cseq]
             Content-Length: 0
           ]]>
         </send>
         <recv request=\"ACK\"/>",
    ),
    (
        // The phone hangs up.
        "is-hung-up",
        "<recv request=\"BYE\"/>
         {ok}",
    ),
    (
        // The peer hangs up by request number so.
        "hang-up",
        "<send retrans=\"500\">
           <![CDATA[
             {request $1 BYE}
             Content-Length: 0
           ]]>
         </send>
         <recv response=\"200\"/>",
    ),
];

/// The scenario of this name, as SIPp reads it.
pub fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/sipp");
    let file = folder.join(name).with_extension("xml");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    expand(&text)
}

fn expand(text: &str) -> String {
    text.lines().map(expand_line).collect()
}

fn expand_line(line: &str) -> String {
    let short = line
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    let Some(short) = short else {
        return format!("{line}\n");
    };
    let mut words = short.split(' ');
    let name = words.next().unwrap_or_default();
    let fragment = FRAGMENTS.iter().find(|(known, _)| *known == name);
    let (_, lines) = fragment.unwrap_or_else(|| panic!("no fragment is called {name}"));
    let filled = words
        .zip(1..)
        .fold((*lines).to_owned(), |lines, (word, place)| {
            lines.replace(&format!("${place}"), word)
        });
    expand(&filled)
}

#[test]
fn a_short_name_stands_for_its_lines_with_its_arguments() {
    let text = expand("<a>\n  {hang-up 7}\n</a>");
    assert!(text.starts_with("<a>\n<send retrans"), "{text}");
    assert!(text.contains("BYE [$contact] SIP/2.0\n"), "{text}");
    assert!(text.contains("CSeq: 7 BYE\n"), "{text}");
    assert!(!text.contains('{'), "{text}");
}
