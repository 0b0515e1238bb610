//! `gatehouse token`: API tokens for programs, from the command line.

use crate::config::Config;
use crate::control::{Answer, Call, ListedToken, NewToken, client};
use crate::exit::Failure;
use clap::{Args, Subcommand};

/// Longest life that can be asked for, in days: ten years.
const MAX_DAYS: u64 = 3_660;

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make an API token for a program; prints its secret, this once
    Create(Create),
    /// Show all API tokens
    List,
    /// Take an API token back; its connections end at once
    Revoke {
        /// Its name, or its id
        #[arg(value_name = "NAME|ID")]
        which: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// What it is for: view, operate, administer or metrics; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", default_value = "view")]
    scopes: Vec<String>,
    /// How long it is good for, 30d or 12h say [default: until it is revoked]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<u64>,
    /// Whose it is: it may no more than they may [default: the owner]
    #[arg(long, value_name = "NAME")]
    member: Option<String>,
}

fn seconds(text: &str) -> Result<u64, String> {
    let bad = || format!("a time is a number of days or hours, 30d or 12h say, at most {MAX_DAYS}d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    let hours = match unit {
        "d" => number.saturating_mul(24),
        "h" => number,
        _ => return Err(bad()),
    };
    if (1..=MAX_DAYS * 24).contains(&hours) { Ok(hours * 3_600) } else { Err(bad()) }
}

impl Token {
    /// Does what was asked.
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        let call = match self {
            Self::Create(Create { name, scopes, expires, member }) => {
                Call::CreateToken(NewToken { name, scopes, expires_in_s: expires, member })
            }
            Self::List => Call::ListTokens,
            Self::Revoke { which } => Call::RevokeToken { which },
        };
        match client::call(config, &call)? {
            Answer::TokenCreated { name, secret } => {
                println!("Token  {secret}");
                println!("{name} presents it as \"Authorization: Bearer\". It is not shown again.");
            }
            Answer::Tokens { tokens } if tokens.is_empty() => println!("There are no API tokens."),
            Answer::Tokens { tokens } => tokens.iter().for_each(show),
            Answer::TokenRevoked { name } => println!("{name} is good for nothing any more."),
            _ => return Err(Failure::failed("the daemon answered another question; is it another version?")),
        }
        Ok(())
    }
}

fn show(token: &ListedToken) {
    let ListedToken { id, name, member, scopes, ends } = token;
    println!("{name}\n  id      {id}\n  whose   {member}\n  scopes  {}", scopes.join(", "));
    if *ends {
        println!("  ends by itself");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_days_or_hours() {
        assert_eq!((seconds("30d"), seconds("12h")), (Ok(2_592_000), Ok(43_200)));
        for bad in ["", "d", "30", "0d", "-1d", "1.5d", "30m", "99999d", "30ü", "99999999999999999999d"] {
            assert!(seconds(bad).is_err(), "{bad:?}");
        }
    }
}
