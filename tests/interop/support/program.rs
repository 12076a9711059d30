//! A program under test or beside it: started, listened to, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Journal, Place};

/// How long a test waits for something that is sure to come on a busy two-core machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something that announces itself by no event: a file that grows, a process that ends.
pub fn eventually<R>(what: &str, mut check: impl FnMut() -> Option<R>) -> R {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = check() {
            return result;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Lets a call last for a while: the one wait whose length is its purpose.
pub fn pause(time: Duration) {
    thread::sleep(time);
}

/// A running program; dropping it kills it and everything it started.
pub struct Program {
    name: String,
    child: Child,
    /// Takes commands, where it is steered by its standard input.
    input: Option<ChildStdin>,
    /// Lines of standard output.
    pub output: Arc<Journal<String>>,
    /// Lines of standard error.
    pub errors: Arc<Journal<String>>,
}

impl Program {
    /// Starts `program` in `folder`. It dies with the thread that started it, so that an
    /// interrupted run leaves nothing behind.
    pub fn start(program: &str, arguments: &[&str], folder: &Path) -> Program {
        Program::start_at(&Place::here(), program, arguments, folder)
    }

    /// The same in another network.
    pub fn start_at(place: &Place, program: &str, arguments: &[&str], folder: &Path) -> Program {
        Program::start_with(place, program, arguments, folder, Stdio::null())
    }

    /// The same for one that takes commands by [`say`](Self::say).
    pub fn start_steered(program: &str, arguments: &[&str], folder: &Path) -> Program {
        Program::start_with(&Place::here(), program, arguments, folder, Stdio::piped())
    }

    fn start_with(
        place: &Place,
        program: &str,
        arguments: &[&str],
        folder: &Path,
        input: Stdio,
    ) -> Program {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .args(place.prefix())
            .arg(program)
            .args(arguments)
            .current_dir(folder);
        command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // A group of its own, so that Kamailio's workers can be ended with it.
        command.process_group(0);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let output = read_lines(child.stdout.take().unwrap());
        let errors = read_lines(child.stderr.take().unwrap());
        let name = program.rsplit('/').next().unwrap_or(program).to_owned();
        let input = child.stdin.take();
        Program {
            name,
            child,
            input,
            output,
            errors,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes a line to its standard input.
    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("a steered program");
        writeln!(input, "{line}").unwrap();
    }

    /// Waits for a line with `text` on one of its outputs; fails the test when none comes.
    pub fn wait_line(&self, output: &Journal<String>, text: &str) {
        self.wait_line_since(0, output, text);
    }

    /// The same of the lines that follow the first `from`.
    pub fn wait_line_since(&self, from: usize, output: &Journal<String>, text: &str) {
        let pick = |line: &String| line.contains(text).then_some(());
        output
            .wait(from, PATIENCE, pick)
            .unwrap_or_else(|| self.fail(&format!("has not said {text:?}")));
    }

    /// Waits until the program ends by itself.
    pub fn wait_exit(&mut self, patience: Duration) -> ExitStatus {
        // Its output closes when it ends: that is the event.
        self.output.wait(usize::MAX, patience, |_| None::<()>);
        eventually(&format!("the end of {}", self.name), || {
            self.child.try_wait().unwrap()
        })
    }

    /// Ends the program as a power cut would: at once, without a chance to tidy up.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.child.wait().unwrap();
    }

    /// Fails the test with what the program said last.
    pub fn fail(&self, what: &str) -> ! {
        let tail = |journal: &Journal<String>| {
            let lines = journal.all();
            lines[lines.len().saturating_sub(40)..].join("\n  ")
        };
        panic!(
            "{} {what}\n output:\n  {}\n errors:\n  {}",
            self.name,
            tail(&self.output),
            tail(&self.errors)
        );
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.pid());
        let _ = Command::new("kill")
            .args(["-s", signal, "--", &group])
            .stderr(Stdio::null())
            .status();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread of their own until the stream ends.
fn read_lines(stream: impl Read + Send + 'static) -> Arc<Journal<String>> {
    let journal = Arc::new(Journal::new());
    let lines = Arc::clone(&journal);
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|read| read > 0)
        {
            lines.push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
            bytes.clear();
        }
        lines.close();
    });
    journal
}
