//! Boards that are given firmware over their cable. For the owner.

use crate::boards::Board;
use crate::commands::Actor;
use crate::error::{no_such, told};
use crate::viewer::{shared, signed_in};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::flash::{self, FlashStep, FlashTrouble, FlashView};
use gatehouse_core::home::NewFlash;
use gatehouse_core::onboarding::PortTrouble;
use std::sync::Arc;

/// Reads the images that the gateway holds, by name; may block.
#[derive(Clone)]
pub struct Images(pub Arc<dyn Fn() -> Vec<Arc<flash::FirmwareImage>> + Send + Sync>);

impl Default for Images {
    fn default() -> Self {
        Self(Arc::new(Vec::new))
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Images")
    }
}

impl Images {
    async fn read(&self) -> Result<Vec<Arc<flash::FirmwareImage>>> {
        let read = self.0.clone();
        tokio::task::spawn_blocking(move || read()).await.map_err(|_| told(Denied::Busy))
    }
}

/// Firmware that the gateway holds for boards.
#[derive(SimpleObject)]
pub(crate) struct FirmwareImage {
    /// What its file is called.
    name: String,
    /// Its version, as far as its name tells.
    version: Option<String>,
    /// SHA-256 of it, 64 hexadecimal digits.
    sha256: String,
    /// How many bytes it has.
    size: usize,
}

impl FirmwareImage {
    fn new(image: &flash::FirmwareImage) -> Self {
        Self {
            name: image.name.to_string(),
            version: image.version().map(str::to_owned),
            sha256: image.digest(),
            size: image.bytes.len(),
        }
    }
}

/// The steps of flashing, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "FlashStep")]
pub(crate) enum FlashProgressStep {
    /// The board's boot loader is called.
    Connecting,
    /// It has answered; the memory is made ready.
    Erasing,
    /// The image is written.
    Writing,
    /// What was written is compared.
    Verifying,
    /// It is there, whole.
    Done,
    /// It is not.
    Failed,
}

/// Why a board could not be flashed.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum FlashError {
    /// The gateway may not open the port.
    PortDenied,
    /// Another program has the port.
    PortInUse,
    /// The cable was pulled.
    Unplugged,
    /// The board stopped answering.
    Silent,
    /// No boot loader answered.
    NoLoader,
    /// It is another chip.
    WrongChip,
    /// The gateway has nothing to write it with.
    NoTool,
    /// What was read back is not what was written.
    NotVerified,
    /// It stopped before its end.
    Broken,
    /// Somebody cancelled it.
    Cancelled,
    /// The gateway stopped.
    GatewayStopping,
}

impl From<FlashTrouble> for FlashError {
    fn from(trouble: FlashTrouble) -> Self {
        match trouble {
            FlashTrouble::Port(PortTrouble::Denied) => Self::PortDenied,
            FlashTrouble::Port(PortTrouble::InUse) => Self::PortInUse,
            FlashTrouble::Port(PortTrouble::Gone) => Self::Unplugged,
            FlashTrouble::Port(_) => Self::Silent,
            FlashTrouble::NoLoader => Self::NoLoader,
            FlashTrouble::WrongChip => Self::WrongChip,
            FlashTrouble::NoTool => Self::NoTool,
            FlashTrouble::NotVerified => Self::NotVerified,
            FlashTrouble::Broken => Self::Broken,
            FlashTrouble::Cancelled => Self::Cancelled,
            FlashTrouble::Stopping => Self::GatewayStopping,
        }
    }
}

/// A board that is being given firmware, or was, at the place where it is plugged in.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct Flash {
    /// Its id; it is shown until ten minutes after its end, or the gateway's, also when the cable was pulled meanwhile.
    id: ID,
    /// What the board is given.
    image: FirmwareImage,
    /// The step.
    step: FlashProgressStep,
    /// 0 to 100; where it failed, how far it came.
    percent: i32,
    /// What happens, or what to do about what happened, for people.
    message: String,
    /// Whether nothing more will come of it.
    done: bool,
    /// Why it failed; null while it has not.
    error: Option<FlashError>,
    #[graphql(skip)]
    view: Arc<FlashView>,
}

impl Flash {
    pub(crate) fn new(view: Arc<FlashView>) -> Self {
        Self {
            id: view.id.to_string().into(),
            image: FirmwareImage::new(&view.image),
            step: view.step.into(),
            percent: view.percent().into(),
            message: view.message(),
            done: view.is_over(),
            error: view.trouble.map(Into::into),
            view,
        }
    }
}

#[ComplexObject]
impl Flash {
    /// Who has it flashed.
    async fn by(&self, ctx: &Context<'_>) -> Option<Actor> {
        Actor::shown(ctx, &self.view.by)
    }
}

#[derive(Default)]
pub(crate) struct FlashingQuery;

#[Object]
impl FlashingQuery {
    /// The firmware that the gateway holds for boards, by name, at most 32: the files `*.bin` of `[firmware] directory` of its
    /// configuration that an ESP8266 would start. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, BUSY.
    async fn firmware_images(&self, ctx: &Context<'_>) -> Result<Vec<FirmwareImage>> {
        signed_in(ctx)?.viewer.administer().map_err(told)?;
        let images = shared(ctx).settings.images.read().await?;
        Ok(images.iter().map(|image| FirmwareImage::new(image)).collect())
    }
}

/// A board that is to be given firmware.
#[derive(InputObject)]
pub(crate) struct FlashBoardInput {
    /// Which board.
    board_id: ID,
    /// Which image, by the name that `firmwareImages` tells.
    image: String,
    /// True: also when the board is a device of this home, which does not work meanwhile and may have to be set up anew.
    #[graphql(default)]
    even_a_device: bool,
}

/// A board that is not to be given firmware after all.
#[derive(InputObject)]
pub(crate) struct CancelFlashInput {
    /// Which board.
    board_id: ID,
}

#[derive(Default)]
pub(crate) struct FlashingMutation;

#[Object]
impl FlashingMutation {
    /// Begins to write firmware to a board over its cable, and compares it, 5 minutes at most. Answers at the beginning;
    /// `boardsChanged` tells the rest. Then the board is asked anew who it is. What fails can be begun again. For the owner.
    /// Errors: BAD_INPUT (image), NOT_FOUND, CONFLICT (it is being claimed, flashed or given Wi-Fi, or is a device and `evenADevice` is not
    /// true), FORBIDDEN, BUSY.
    async fn flash_board(&self, ctx: &Context<'_>, input: FlashBoardInput) -> Result<Board> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let board = input.board_id.parse().map_err(|_| no_such("board"))?;
        let images = shared(ctx).settings.images.read().await?;
        let image = images.into_iter().find(|image| *image.name == *input.image).ok_or_else(|| {
            told(Denied::BadInput { field: "image", message: "The gateway holds no such image.".to_owned() })
        })?;
        let new = NewFlash { board, image, even_a_device: input.even_a_device };
        shared(ctx).hub.flash_board(cap, new).await.map(|board| (&*board).into()).map_err(told)
    }

    /// Gives that up: the board may not start until it is flashed again. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (it is not being flashed), FORBIDDEN, BUSY.
    async fn cancel_flash(&self, ctx: &Context<'_>, input: CancelFlashInput) -> Result<Board> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let board = input.board_id.parse().map_err(|_| no_such("board"))?;
        shared(ctx).hub.cancel_flash(cap, board).await.map(|board| (&*board).into()).map_err(told)
    }
}
