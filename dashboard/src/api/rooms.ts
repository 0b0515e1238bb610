import { graphql, type ResultOf } from './graphql';
import { request } from './http';

const ROOM = graphql(`
  fragment RoomFields on Room {
    id
    name
  }
`);

const ROOMS = graphql(
  `
    query Rooms {
      rooms {
        ...RoomFields
      }
    }
  `,
  [ROOM],
);

const CREATE_ROOM = graphql(
  `
    mutation CreateRoom($input: CreateRoomInput!) {
      createRoom(input: $input) {
        ...RoomFields
      }
    }
  `,
  [ROOM],
);

const UPDATE_ROOM = graphql(
  `
    mutation UpdateRoom($input: UpdateRoomInput!) {
      updateRoom(input: $input) {
        ...RoomFields
      }
    }
  `,
  [ROOM],
);

const DELETE_ROOM = graphql(`
  mutation DeleteRoom($input: DeleteRoomInput!) {
    deleteRoom(input: $input)
  }
`);

export type Room = ResultOf<typeof ROOM>;

export const rooms = async (): Promise<Room[]> => (await request(ROOMS, {})).rooms;

export const createRoom = async (name: string): Promise<Room> =>
  (await request(CREATE_ROOM, { input: { name } })).createRoom;

export const renameRoom = async (id: string, name: string): Promise<Room> =>
  (await request(UPDATE_ROOM, { input: { id, name } })).updateRoom;

/** Its switches and devices stay, without a room. */
export const deleteRoom = async (id: string): Promise<void> =>
  void (await request(DELETE_ROOM, { input: { id } }));
