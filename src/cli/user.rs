//! `realms user …`: accounts.

use super::{Tools, UserCommand};
use crate::config::Config;
use crate::forge::{App, AppError, operator};
use crate::play::PlayError;

/// # Errors
/// No such account, a bad address, or the database fails.
pub async fn run(config: &Config, command: &UserCommand) -> Result<(), PlayError> {
    let tools = Tools::open(config).await?;
    let done = match tools.forge().await {
        Ok(forge) => carry_out(forge.app(), command).await,
        Err(error) => Err(error),
    };
    tools.close().await;
    println!("{}", done?);
    Ok(())
}

async fn carry_out(app: &App, command: &UserCommand) -> Result<String, PlayError> {
    let (UserCommand::Create { email, .. }
    | UserCommand::Token { email }
    | UserCommand::Link { email }
    | UserCommand::Ban { email }
    | UserCommand::Unban { email }) = command;
    let said = match command {
        UserCommand::Create { staff, .. } => operator::create_user(app, email, *staff).await.map(|user| {
            let what = if user.is_staff { "a member of the staff" } else { "an account" };
            format!("{} is {what} (number {}). To let them in: realms user link {email}", user.email, user.id)
        }),
        UserCommand::Token { .. } => operator::access_token(app, email).await,
        UserCommand::Link { .. } => operator::login_link(app, email).await,
        UserCommand::Ban { .. } => {
            operator::set_banned(app, email, true).await.map(|user| format!("{} is banned.", user.email))
        }
        UserCommand::Unban { .. } => {
            operator::set_banned(app, email, false).await.map(|user| format!("{} may play again.", user.email))
        }
    };
    said.map_err(|error| match error {
        AppError::NotFound => {
            PlayError::new(format!("there is no account of {email}; to make one: realms user create {email}"))
        }
        error => error.into(),
    })
}
