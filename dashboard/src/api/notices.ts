import { graphql, type ResultOf } from './graphql';
import { request } from './http';
import type { Socket } from './socket';

const NOTICE = graphql(`
  fragment NoticeFields on Notice {
    id
    code
    severity
    subject
    message
    advice
    times
    firstAt
    at
  }
`);

const NOTICES = graphql(
  `
    query Notices {
      notices(first: 100) {
        nodes {
          ...NoticeFields
        }
      }
    }
  `,
  [NOTICE],
);

const DISMISS_NOTICE = graphql(`
  mutation DismissNotice($input: DismissNoticeInput!) {
    dismissNotice(input: $input)
  }
`);

const NOTICE_CHANGED = graphql(
  `
    subscription NoticeChanged {
      noticeChanged {
        ...NoticeFields
      }
    }
  `,
  [NOTICE],
);

const NOTICE_REMOVED = graphql(`
  subscription NoticeRemoved {
    noticeRemoved
  }
`);

export type Notice = ResultOf<typeof NOTICE>;

/** The newest hundred: there are never many more. */
export const notices = async (): Promise<Notice[]> => (await request(NOTICES, {})).notices.nodes;

/** Puts it away until it happens anew. */
export const dismissNotice = async (id: string): Promise<void> =>
  void (await request(DISMISS_NOTICE, { input: { id } }));

export const onNoticeChanged = (socket: Socket, next: (changed: Notice) => void): void =>
  socket.subscribe(NOTICE_CHANGED, (result) => next(result.noticeChanged));

export const onNoticeRemoved = (socket: Socket, next: (id: string) => void): void =>
  socket.subscribe(NOTICE_REMOVED, (result) => next(result.noticeRemoved));
