/** The server understood the request and said no. Its code may be one that this version of the command does not know. */
export class ServerRefusal extends Error {
  override name = 'ServerRefusal';
  readonly code: string;
  readonly status: number;
  readonly data: unknown;

  constructor(status: number, code: string, message: string, data: unknown) {
    super(message);
    this.code = code;
    this.status = status;
    this.data = data;
  }
}
