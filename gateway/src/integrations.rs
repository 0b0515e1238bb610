//! `gatehouse integration`: other home systems' credentials, from the command line.

use crate::config::Config;
use crate::control::{Answer, Call, Listed, NewIntegration, client};
use crate::exit::Failure;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Integration {
    /// Let another home system log in over MQTT; prints its user name and password, this once
    Create(Create),
    /// Show all integrations
    List,
    /// Take an integration's credential back; its connections end at once
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
    /// It is Home Assistant: give it all that its MQTT integration needs to show and switch everything by itself
    #[arg(long)]
    home_assistant: bool,
    /// A device it may hear, by its name, its id or its board's id; may be given up to 64 times
    #[arg(long = "device", value_name = "NAME|ID")]
    devices: Vec<String>,
    /// It may hear every device, also those that come later
    #[arg(long)]
    all_devices: bool,
    /// It may also ask the switches of these devices to be on or off
    #[arg(long)]
    operate: bool,
    /// A topic filter it may publish to, garden/# say; may be given up to 64 times
    #[arg(long, value_name = "FILTER")]
    publish: Vec<String>,
    /// A topic filter it may subscribe to, homie/5/# say for all boards; may be given up to 64 times
    #[arg(long, value_name = "FILTER")]
    subscribe: Vec<String>,
}

impl From<Create> for NewIntegration {
    fn from(create: Create) -> Self {
        let Create { name, home_assistant, devices, all_devices, operate, publish, subscribe } = create;
        Self { name, home_assistant, devices, all_devices, operate, publish, subscribe }
    }
}

impl Integration {
    /// Does what was asked.
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        let call = match self {
            Self::Create(create) => Call::CreateIntegration(create.into()),
            Self::List => Call::ListIntegrations,
            Self::Revoke { which } => Call::RevokeIntegration { which },
        };
        match client::call(config, &call)? {
            Answer::IntegrationCreated { name, user, password } => {
                println!("User      {user}");
                println!("Password  {password}");
                println!("{name} logs in with these. The password is not shown again.");
            }
            Answer::Integrations { integrations } if integrations.is_empty() => println!("There are no integrations."),
            Answer::Integrations { integrations } => integrations.iter().for_each(show),
            Answer::IntegrationRevoked { name } => println!("{name} cannot log in any more."),
            _ => return Err(Failure::failed("the daemon answered another question; is it another version?")),
        }
        Ok(())
    }
}

fn show(integration: &Listed) {
    let Listed { id, name, user, publish, subscribe } = integration;
    println!("{name}\n  id         {id}\n  user       {user}");
    for filter in publish {
        println!("  publish    {filter}");
    }
    for filter in subscribe {
        println!("  subscribe  {filter}");
    }
}
