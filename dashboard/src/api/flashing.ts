import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

const FIRMWARE_IMAGES = graphql(`
  query FirmwareImages {
    firmwareImages {
      name
      version
      sha256
      size
    }
  }
`);

const FLASH_BOARD = graphql(`
  mutation FlashBoard($input: FlashBoardInput!) {
    flashBoard(input: $input) {
      id
    }
  }
`);

const CANCEL_FLASH = graphql(`
  mutation CancelFlash($input: CancelFlashInput!) {
    cancelFlash(input: $input) {
      id
    }
  }
`);

export type FirmwareImage = ResultOf<typeof FIRMWARE_IMAGES>['firmwareImages'][number];
export type FlashBoardInput = VariablesOf<typeof FLASH_BOARD>['input'];

/** What the gateway holds for boards. */
export const firmwareImages = async (): Promise<readonly FirmwareImage[]> =>
  (await request(FIRMWARE_IMAGES, {})).firmwareImages;

/** Begins to write firmware to a board; the boards tell how it goes on. */
export const flashBoard = async (input: FlashBoardInput): Promise<void> =>
  void (await request(FLASH_BOARD, { input }));

/** The board may not start until it is flashed again. */
export const cancelFlash = async (boardId: string): Promise<void> =>
  void (await request(CANCEL_FLASH, { input: { boardId } }));
