//! Mail to people: through the operator's mail server, or, where there is none, as `.eml` files in a directory
//! with the link on the console. Links never reach a log. It does not decide who gets mail.

use std::path::PathBuf;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use time::OffsetDateTime;

use super::tokens::random_id;
use super::{AppError, ForgeError, MailOptions, PLATFORM_NAME};

/// How long the mail server may take.
const SMTP_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

pub struct Mail {
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Files { dir: PathBuf, print_links: bool },
}

/// A text to send.
pub struct Letter<'a> {
    pub to: &'a str,
    pub subject: String,
    pub text: String,
    /// Printed on the console where there is no mail server.
    pub link: Option<String>,
}

impl Mail {
    /// # Errors
    /// A sender or a server address that cannot be understood.
    pub fn open(options: &MailOptions) -> Result<Self, ForgeError> {
        let wrong = |e| ForgeError::Options(format!("MAIL_FROM '{}' is no mail address: {e}", options.from));
        let from = options.from.parse::<Mailbox>().map_err(wrong)?;
        let way = match &options.smtp_url {
            Some(url) => {
                // The error would quote the address, and so the password.
                let wrong = |_| ForgeError::Options("SMTP_URL looks like smtps://user:password@host:465".into());
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose()).map_err(wrong)?;
                Way::Smtp(Box::new(transport.timeout(Some(SMTP_TIMEOUT)).build()))
            }
            None => Way::Files { dir: options.dir.clone(), print_links: options.print_links },
        };
        Ok(Self { from, way })
    }

    /// Sends a letter, or writes it to a file.
    ///
    /// # Errors
    /// 400 for an address that mail cannot go to, 503 when the mail server does not take it.
    pub async fn send(&self, letter: Letter<'_>) -> Result<(), AppError> {
        let bad = || AppError::field("email", "This is not a mail address.");
        let to: Mailbox = Mailbox::new(None, letter.to.parse().map_err(|_| bad())?);
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)
            .map_err(|_| bad())?;
        match &self.way {
            Way::Smtp(transport) => {
                transport.send(message).await.map_err(|error| {
                    tracing::error!(%error, "the mail server did not take a letter");
                    AppError::Unavailable("The mail could not be sent. Please try again in a few minutes.".into())
                })?;
            }
            Way::Files { dir, print_links } => {
                let name = format!("{}-{}.eml", OffsetDateTime::now_utc().unix_timestamp(), &random_id()[..8]);
                write_file(dir.clone(), name, message.formatted()).await?;
                if let (true, Some(link)) = (print_links, letter.link) {
                    println!("mail to {}: {link}", letter.to);
                }
            }
        }
        Ok(())
    }
}

async fn write_file(dir: PathBuf, name: String, bytes: Vec<u8>) -> Result<(), AppError> {
    let write = tokio::task::spawn_blocking(move || {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        std::fs::create_dir_all(&dir)?;
        let path = dir.join(name);
        // Links are keys: nobody else on the machine reads them. Renamed when whole, for those who watch the directory.
        let fresh = path.with_extension("part");
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(&bytes)?;
        std::fs::rename(fresh, path)
    });
    let failed = |e: std::io::Error| AppError::Internal(format!("a mail could not be written to its directory: {e}"));
    write.await.map_err(|e| AppError::Internal(e.to_string()))?.map_err(failed)
}

/// The letter with a login link.
pub fn login_letter<'a>(to: &'a str, link: &str, minutes: i64, is_new: bool) -> Letter<'a> {
    let opening = if is_new {
        format!("Welcome to {PLATFORM_NAME}! Your account is ready; this link opens it:")
    } else {
        format!("Here is your way back into {PLATFORM_NAME}:")
    };
    let text = format!(
        "{opening}\n\n{link}\n\nThe link works once, within the next {minutes} minutes. \
         If you did not ask for it, leave it unused; nothing happens then.\n\n\
         See you inside.\n"
    );
    Letter { to, subject: format!("Your login link for {PLATFORM_NAME}"), text, link: Some(link.to_owned()) }
}

/// The letter that tells of a new password.
pub fn password_letter(to: &str) -> Letter<'_> {
    let text = format!(
        "The password of your {PLATFORM_NAME} account was set a moment ago, and every other session was logged out.\n\n\
         If that was not you, ask for a login link on the login page and set another password at once.\n"
    );
    Letter { to, subject: format!("Your {PLATFORM_NAME} password was changed"), text, link: None }
}
