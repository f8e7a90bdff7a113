//! As whom the server runs: PostgreSQL refuses root, so root lends it an unprivileged user.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use super::PrivateServerError;

/// Users that a machine has for this, the better one first.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// An unprivileged user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Account {
    name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Account {
    /// The user to run the server as; `None` where we are not root and it runs as ourselves.
    pub fn for_server() -> Result<Option<Self>, PrivateServerError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        NAMES
            .iter()
            .find_map(|name| Self::in_passwd(&users, name))
            .map(Some)
            .ok_or(PrivateServerError::NoAccount)
    }

    fn in_passwd(users: &str, wanted: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| *name == wanted)?;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            Some(Self { name: name.to_owned(), uid, gid })
        })
    }

    /// Gives it a file or folder.
    pub fn give(&self, path: &Path) -> Result<(), PrivateServerError> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(|source| PrivateServerError::writing(path, source))
    }

    /// Every folder on the way must let it through.
    pub fn check_way_to(&self, folder: &Path) -> Result<(), PrivateServerError> {
        match self.closed_on_the_way(folder) {
            None => Ok(()),
            Some(closed) => Err(PrivateServerError::NotReachable { closed, account: self.name.clone() }),
        }
    }

    fn closed_on_the_way(&self, folder: &Path) -> Option<PathBuf> {
        let mut ways: Vec<&Path> = folder.ancestors().collect();
        ways.reverse();
        ways.into_iter()
            .find(|way| std::fs::metadata(way).is_ok_and(|folder| !self.may_enter(&folder)))
            .map(Path::to_owned)
    }

    fn may_enter(&self, folder: &Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn reads_the_users_of_the_machine() {
        let postgres = Account::in_passwd(PASSWD, "postgres").unwrap();
        assert_eq!((postgres.uid, postgres.gid), (101, 104));
        let nobody = Account::in_passwd(PASSWD, "nobody").unwrap();
        assert_eq!((nobody.uid, nobody.gid), (65534, 65533));
        assert_eq!(Account::in_passwd(PASSWD, "post"), None);
    }

    #[test]
    fn names_the_folder_that_is_closed() {
        use std::os::unix::fs::PermissionsExt;
        let base = std::env::temp_dir().join(format!("mamacare-way-{}", std::process::id()));
        let inner = base.join("closed").join("inner");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::set_permissions(base.join("closed"), std::fs::Permissions::from_mode(0o700)).unwrap();
        // A user that no machine has, so that only the bits for others count.
        let stranger = Account { name: "stranger".to_owned(), uid: 4_000_000, gid: 4_000_000 };
        let closed = stranger.closed_on_the_way(&inner);
        std::fs::set_permissions(base.join("closed"), std::fs::Permissions::from_mode(0o711)).unwrap();
        let open = stranger.closed_on_the_way(&inner);
        std::fs::remove_dir_all(&base).unwrap();
        assert_eq!(closed, Some(base.join("closed")));
        assert_eq!(open, None);
    }
}
