//! Stops everything that was started, however this program ends.
//!
//! A shell waits beside us on a pipe that nobody writes to any more once we are gone, be it by
//! success, failure, panic or signal. What is to be stopped is told to it as it is started, so there is one
//! way of cleaning up, and it does not need us.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::wait;
use crate::command::Failure;

const SCRIPT: &str = r#"
groups= leader=
while read -r what value; do
    case $what in
        group) groups="$value $groups" ;;
        leader) leader=$value ;;
    esac
done
# The leader's file is read each time, since it may come late. No `--`: dash does not know it here.
to_all() {
    for group in $groups $(cat "$leader"); do kill "-$1" "-$group" && alive=yes; done
}
alive=yes tries=100
while [ $alive = yes ] && [ $tries -gt 0 ]; do
    to_all TERM
    sleep 0.05
    alive=no tries=$((tries - 1))
    to_all 0
done
to_all KILL
rm -rf -- "$1"
"#;

/// Owns the folder of a run and every process started for it.
#[derive(Debug)]
pub(crate) struct Keeper {
    folder: PathBuf,
    shell: Child,
    servers: Vec<Child>,
}

impl Keeper {
    /// Makes `folder`, and the shell that will remove it.
    pub(crate) fn start(folder: PathBuf) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(format!("peers: {}: {error}", folder.display()));
        fs::create_dir(&folder).map_err(failed)?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "keeper"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of the terminal's Ctrl-C, which is when it is needed.
            .process_group(0)
            .spawn()
            .inspect_err(|_| drop(fs::remove_dir(&folder)))
            .map_err(failed)?;
        let keeper = Self { folder, shell, servers: Vec::new() };
        // The servers' own users must be able to pass, whatever the umask is.
        fs::set_permissions(&keeper.folder, fs::Permissions::from_mode(0o755))
            .map_err(|error| Failure::new(format!("peers: {}: {error}", keeper.folder.display())))?;
        Ok(keeper)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a server that stays in the foreground; what it says goes to the end of the file `log`.
    pub(super) fn serve(&mut self, program: &Path, args: &[&str], log: &Path) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::new(format!("peers: {}: {error}", program.display()));
        let log = fs::File::options().create(true).append(true).open(log).map_err(failed)?;
        let server = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let group = server.id();
        self.servers.push(server);
        self.tell(&format!("group {group}"))
    }

    /// A server that leaves its process group for one of its own will write that one's number to `file`.
    pub(super) fn leader(&mut self, file: &Path) -> Result<(), Failure> {
        self.tell(&format!("leader {}", file.display()))
    }

    /// Whether every server still runs.
    pub(super) fn all_run(&mut self) -> bool {
        self.servers.iter_mut().all(|server| matches!(server.try_wait(), Ok(None)))
    }

    fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let pipe = self.shell.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe.into());
        pipe.and_then(|pipe| writeln!(pipe, "{line}"))
            .map_err(|error| Failure::new(format!("peers: the keeper of the servers: {error}")))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // A server that ended but was not waited for would count as running.
        let shell = wait::until(|| {
            self.servers.iter_mut().for_each(|server| drop(server.try_wait()));
            self.shell.try_wait().transpose()
        });
        if shell.is_none() {
            drop(self.shell.kill());
            drop(self.shell.wait());
        }
        for server in &mut self.servers {
            drop(server.kill());
            drop(server.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("peers-keeper-{name}-{}", std::process::id()))
    }

    fn started(folder: &Path, script: &str) -> Keeper {
        let mut keeper = Keeper::start(folder.to_owned()).unwrap();
        keeper.serve(Path::new("sh"), &["-c", script], &folder.join("log")).unwrap();
        let up = wait::until(|| fs::read_to_string(folder.join("log")).ok().filter(|log| log.contains("up")));
        assert!(up.is_some());
        keeper
    }

    fn is_group_gone(group: u32) -> bool {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &format!("kill -0 -{group}")]).stderr(Stdio::null());
        !shell.status().unwrap().success()
    }

    #[test]
    fn a_server_and_its_child_end_with_the_keeper() {
        let folder = folder("ends");
        let mut keeper = started(&folder, "sleep 600 & echo up; wait");
        assert!(keeper.all_run());
        let group = keeper.servers[0].id();
        drop(keeper);
        assert!(is_group_gone(group));
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_has_left_its_group() {
        let folder = folder("leaves");
        let file = folder.join("leader");
        let mut keeper = started(&folder, "echo up");
        keeper.leader(&file).unwrap();
        let mut apart = Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
        fs::write(&file, format!("   {}\n", apart.id())).unwrap();
        let waiting = std::thread::spawn(move || apart.wait());
        drop(keeper);
        assert!(!waiting.join().unwrap().unwrap().success());
    }

    #[test]
    fn a_server_that_ended_by_itself() {
        let folder = folder("ended");
        let mut keeper = started(&folder, "echo up");
        assert_eq!(wait::until(|| (!keeper.all_run()).then_some(())), Some(()));
    }

    #[test]
    fn a_folder_that_another_made_is_left_alone() {
        let folder = folder("exists");
        fs::create_dir(&folder).unwrap();
        assert!(Keeper::start(folder.clone()).is_err());
        fs::remove_dir(&folder).unwrap();
    }
}
