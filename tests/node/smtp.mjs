// A real SMTP server for tests. Its one argument is a JSON object: `key` and `cert` are files, `user` and `password` who may
// send, `answers` the codes that the first mails are answered with, 250 for the rest. It tells what happens as one JSON object
// a line, and ends with its standard input.
import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

const options = JSON.parse(process.argv[2] ?? '{}');
const { port = 0, secure = false, starttls = false, key, cert, user, password, answers = [], allowInsecureAuth = false } = options;
const tell = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const server = new SMTPServer({
  secure,
  key: key && readFileSync(key),
  cert: cert && readFileSync(cert),
  allowInsecureAuth,
  authOptional: user === undefined,
  disabledCommands: [...(starttls ? [] : ['STARTTLS']), ...(user === undefined ? ['AUTH'] : [])],
  onAuth(auth, session, done) {
    const right = auth.username === user && auth.password === password;
    tell({ login: { user: auth.username, right, secure: session.secure } });
    if (right) done(null, { user });
    else done(new Error('Wrong user name or password'));
  },
  onData(stream, session, done) {
    const parts = [];
    stream.on('data', (part) => parts.push(part));
    stream.on('end', () => {
      const code = answers.shift() ?? 250;
      const { mailFrom, rcptTo } = session.envelope;
      const to = rcptTo.map(({ address }) => address);
      const text = Buffer.concat(parts).toString('utf8');
      tell({ mail: { from: mailFrom.address, to, text, secure: session.secure, code } });
      done(code === 250 ? null : Object.assign(new Error('Not this one'), { responseCode: code }));
    });
  },
});
// A client that does not believe the certificate hangs up: its business.
server.on('error', (error) => tell({ error: error.message }));
server.listen(port, '127.0.0.1', () => tell({ listening: server.server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume();
