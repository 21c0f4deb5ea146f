//! Tests of following a run, against streams that are cut where it hurts.

use super::*;
use crate::testing::{Hands, RUN, Reply, Server, TestClock, api, json, run_json, sse, step_json, with};
use std::{io, io::Write, sync::mpsc};

fn step(id: u32, name: &str, status: &str) -> String {
    format!("id: {id}\nevent: step\ndata: {}\n\n", step_json(name, status))
}

fn last(id: u32, status: &str) -> String {
    format!(
        "id: {id}\nevent: run\ndata: {}\n\n",
        run_json(status, &[("reserve", "succeeded"), ("place", "succeeded")])
    )
}

fn cut() -> Reply {
    sse(&[": heartbeat\n\n"], false)
}

fn watch(server: &Server) -> crate::testing::Ran {
    Hands::at(server).run(&format!("run watch {RUN}"))
}

#[test]
fn a_stream_cut_in_the_middle_is_resumed() {
    let (first, second) = (step(1, "reserve", "succeeded"), step(2, "place", "succeeded"));
    let half = &second[..second.len() / 2];
    let replies =
        vec![sse(&[&first, half], false), sse(&[&first, &second, ":\n\n", &last(3, "succeeded")], true)];
    let server = Server::start(replies);
    let ran = watch(&server);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.err,
        "  reserve   succeeded     1.2 ms  2 rows\n  place     succeeded     1.2 ms  2 rows\n"
    );
    let ids: Vec<Option<String>> =
        server.seen().iter().map(|seen| seen.header("last-event-id").map(str::to_owned)).collect();
    assert_eq!(ids, [None, Some("1".to_owned())]);
    assert_eq!(server.seen()[0].header("accept"), Some("text/event-stream"));
}

#[test]
fn a_stream_that_ends_too_early_is_resumed_too() {
    let server = Server::start(vec![
        sse(&[&step(1, "reserve", "running")], true),
        sse(&[&last(2, "needs_attention")], true),
    ]);
    assert_eq!(watch(&server).code, 4);
}

#[test]
fn a_stream_that_keeps_breaking_ends_in_polling() {
    let mut replies: Vec<Reply> = (0..=RESUMPTIONS).map(|_| cut()).collect();
    replies.push(json(200, &run_json("running", &[("reserve", "succeeded")])));
    replies.push(json(503, "restarting"));
    replies.push(json(200, &run_json("succeeded", &[("reserve", "succeeded"), ("place", "succeeded")])));
    let server = Server::start(replies);
    let clock = TestClock::default();
    let mut text = Vec::new();
    let mut progress = Progress::new(&mut text, false, false, false);
    let followed = follow(&api(server.url()), RUN.parse().unwrap(), None, &clock, &mut progress).unwrap();
    drop(progress);
    assert!(matches!(followed, Followed::Ended(run) if run.value.status.as_str() == "succeeded"));
    assert_eq!(clock.pauses(), [200, 400, 800, 1600, 3200, 500, 500]);
    insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
    the event stream keeps breaking; asking every 500 ms instead
      reserve   succeeded     1.2 ms  2 rows
      place     succeeded     1.2 ms  2 rows
    ");
    assert!(server.seen()[6].target.ends_with(RUN));
}

#[test]
fn the_last_end_counts() {
    let story = [last(1, "succeeded"), last(2, "rolling_back"), step(3, "place", "undone")].concat();
    let server = Server::start(vec![sse(&[&story, &last(4, "rolled_back")], true)]);
    assert_eq!(watch(&server).code, 3);
    let server = Server::start(vec![sse(&[&story], true), sse(&[&last(4, "rolled_back")], true)]);
    assert_eq!(watch(&server).code, 3, "a run that rolls back has not ended, whatever it had told before");
}

#[test]
fn a_refusal_is_not_repeated() {
    let problem = r#"{"code":"not_found","detail":"no such run"}"#;
    let server = Server::start(vec![json(404, problem)]);
    let ran = watch(&server);
    assert_eq!((ran.code, ran.err.as_str()), (1, "error: no such run\n"));
}

#[test]
fn polling_gives_up_on_a_server_that_is_gone() {
    let server = Server::start((0..=RESUMPTIONS + FAILED_POLLS + 1).map(|_| json(503, "gone")).collect());
    let ran = watch(&server);
    assert_eq!((ran.code, server.seen().len()), (1, 27));
    assert!(ran.err.contains("answered 503 and did not say why"), "{}", ran.err);
}

#[test]
fn waiting_ends_in_time() {
    let accepted = format!(
        r#"{{"tenant":{},"run":{}}}"#,
        crate::testing::tenant_json("acme", "provisioning"),
        run_json("pending", &[])
    );
    let mut replies = vec![json(202, &accepted)];
    replies.extend((0..=RESUMPTIONS).map(|_| cut()));
    replies.extend((0..9).map(|_| json(200, &run_json("running", &[]))));
    let server = Server::start(replies);
    let ran = Hands::at(&server).run("tenant create acme --name A --admin-email a@b.example --wait 7 -q");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    // 6.2 s went by between the streams, so two polls fit into the rest.
    assert_eq!(server.seen().len(), 1 + 6 + 3);
    insta::assert_snapshot!(ran.err, @r"
    error: the run has not ended after 7 s; it goes on
    next: follow it: `tenantry run watch run_00000000000000000000000009`
    ");
}

#[test]
fn an_unknown_step_is_passed_over_and_an_unknown_run_is_not() {
    let odd = "event: step\ndata: {\"name\":\"paint\"}\n\nevent: other\ndata: ?\n\n";
    let server = Server::start(vec![
        sse(&[odd, &last(2, "succeeded")], true),
        sse(&["event: run\ndata: {}\n\n"], true),
    ]);
    assert_eq!(watch(&server).code, 0);
    let ran = watch(&server);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("is not what this version understands"), "{}", ran.err);
}

/// A writer that reports when it is written to.
struct Told(mpsc::Sender<()>);

impl Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn steps_show_at_once() {
    let (tell, told) = mpsc::channel();
    // The run ends only after the first step was shown. Were steps held back, nothing would come, and the script ends.
    let reply = with(move |stream| {
        let event = step(1, "reserve", "succeeded");
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{event}\r\n",
            event.len()
        )
        .unwrap();
        if told.recv_timeout(Duration::from_secs(20)).is_ok() {
            let event = last(2, "succeeded");
            write!(stream, "{:x}\r\n{event}\r\n0\r\n\r\n", event.len()).unwrap();
        }
    });
    let server = Server::start(vec![reply]);
    let mut writer = Told(tell);
    let mut progress = Progress::new(&mut writer, false, false, false);
    let followed =
        follow(&api(server.url()), RUN.parse().unwrap(), None, &TestClock::default(), &mut progress);
    assert!(matches!(followed, Ok(Followed::Ended(_))));
}
