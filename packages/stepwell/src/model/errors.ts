/**
 * The one registry of error codes. `docs/errors.md` has a section for each; a test keeps the two together.
 * `status` is the HTTP status under which the server reports the code.
 */
export const ERRORS = {
  // Values, names and limits
  VALUE_NOT_JSON: { status: 400, means: 'A value cannot be kept as JSON.' },
  INPUT_INVALID: { status: 400, means: 'A run’s input does not match the input schema of its workflow.' },
  OUTPUT_INVALID: { status: 422, means: 'What a workflow returned does not match its output schema.' },
  EVENT_INVALID: {
    status: 422,
    means: 'The value of an event or callback does not match the schema of the operation that waited for it.',
  },
  DURATION_INVALID: { status: 400, means: 'A text or number is not a duration.' },
  NAME_INVALID: { status: 400, means: 'A name is empty, too long or has characters that names cannot have.' },
  ID_INVALID: { status: 400, means: 'An id is empty, too long or has control characters.' },
  OPTION_INVALID: { status: 400, means: 'An option has a value that it cannot have.' },
  PAYLOAD_TOO_LARGE: { status: 413, means: 'A value is larger than the limit `payloadBytes`.' },
  TOO_MANY_EVENTS: { status: 422, means: 'A run’s journal has reached the limit `eventsPerRun`.' },
  TOO_MANY_OPERATIONS: {
    status: 422,
    means: 'A run has more operations in flight than the limit `operationsInFlight`.',
  },
  TOO_MANY_TAGS: { status: 400, means: 'A run would have more tags than the limit `tagsPerRun`.' },

  // Finding and starting
  WORKFLOW_UNKNOWN: { status: 404, means: 'No workflow of that name is registered.' },
  WORKFLOW_VERSION_UNKNOWN: { status: 404, means: 'The workflow is registered, but not in that version.' },
  WORKFLOW_DUPLICATE: {
    status: 400,
    means: 'Two different workflows with the same name and version were registered.',
  },
  RUN_NOT_FOUND: { status: 404, means: 'There is no run with that id.' },
  RUN_ID_TAKEN: {
    status: 409,
    means: 'A run with that id exists, of another workflow or with another input.',
  },
  RUN_ENDED: { status: 409, means: 'The run has ended and takes nothing in any more.' },
  RUN_NOT_ENDED: { status: 409, means: 'The run has not ended yet, and what was asked needs that.' },
  RUN_NOT_FAILED: {
    status: 409,
    means: 'Only a run that failed, timed out or was cancelled can be retried.',
  },
  RUN_FAILED: { status: 422, means: 'The run failed; the cause is the error that it failed with.' },
  RUN_CANCELLED: { status: 422, means: 'The run was cancelled.' },
  RUN_TIMED_OUT: { status: 422, means: 'The run did not end within its timeout.' },
  RUN_NOT_STARTED: { status: 422, means: 'The run had not begun by its start deadline.' },
  RUN_PURGED: { status: 410, means: 'The run was purged while somebody waited for it.' },
  OPERATION_NOT_FOUND: { status: 404, means: 'The run’s journal has no operation with that id.' },
  FORK_NOT_POSSIBLE: { status: 409, means: 'A run cannot be forked from that operation.' },
  CURSOR_INVALID: { status: 400, means: 'A cursor of a list or of the feed was not made by this engine.' },
  SCHEDULE_NOT_FOUND: { status: 404, means: 'There is no schedule with that name.' },
  SCHEDULE_INVALID: { status: 400, means: 'A schedule’s times or rules cannot be understood.' },

  // Callbacks
  CALLBACK_NOT_FOUND: { status: 404, means: 'There never was a callback with that id.' },
  CALLBACK_COMPLETED: { status: 409, means: 'The callback has been completed already.' },
  CALLBACK_CLOSED: {
    status: 410,
    means: 'The callback came too late: it timed out, was cancelled, or its run has ended.',
  },

  // Artifacts
  ARTIFACT_NOT_FOUND: { status: 404, means: 'The run has no artifact of that name, or not in that version.' },
  ARTIFACT_CHANGED: { status: 412, means: 'An artifact is not as the condition of a write says.' },
  ARTIFACT_TOO_LARGE: { status: 413, means: 'An artifact is larger than the limit `artifactBytes`.' },
  RANGE_NOT_SATISFIABLE: { status: 416, means: 'A range of an artifact begins after its end.' },
  ARTIFACT_DAMAGED: { status: 500, means: 'The content of an artifact is not what was written.' },
  ARTIFACT_NEEDS_STEP: {
    status: 500,
    means: 'The stream of an artifact was asked for outside the body of a step.',
  },
  PAYLOAD_NOT_LOADED: {
    status: 503,
    means: 'A value that is kept as an artifact because of its size cannot be loaded.',
  },
  ARTIFACTS_NOT_CONFIGURED: { status: 501, means: 'The engine has no place for artifacts.' },
  ARTIFACTS_OWNED_ELSEWHERE: {
    status: 500,
    means: 'The place of the artifacts belongs, or may belong, to another store of runs.',
  },

  // Inside a workflow
  STEP_TIMED_OUT: { status: 422, means: 'An attempt of a step took longer than its timeout.' },
  STEP_UNCERTAIN: {
    status: 422,
    means: 'A crash left open whether a step that may run at most once took effect.',
  },
  WAIT_TIMED_OUT: { status: 422, means: 'An event, a callback or a condition did not come in time.' },
  HEARTBEAT_MISSED: { status: 422, means: 'A callback’s owner did not send a heartbeat in time.' },
  ITEM_TIMED_OUT: { status: 422, means: 'An item of a map took longer than its itemTimeout.' },
  GROUP_TIMED_OUT: { status: 422, means: 'A map or parallel took longer than its timeout.' },
  GROUP_FAILED: { status: 422, means: 'More items of a map or parallel failed than were tolerated.' },
  OPERATION_CANCELLED: {
    status: 422,
    means: 'An operation was cancelled: its run was, or the group that it belonged to ended early.',
  },
  UNDO_FAILED: {
    status: 422,
    means: 'A run failed, and so did at least one of the undo handlers that ran because of it.',
  },
  VALUE_THROWN: { status: 422, means: 'Something that is not an Error was thrown.' },

  // Wrong use of ctx
  CTX_AFTER_END: {
    status: 500,
    means: 'ctx was used after the workflow function, or the group that it belongs to, had ended.',
  },
  CTX_WRONG_GROUP: { status: 500, means: 'The ctx of one group was used inside another.' },
  CTX_IN_STEP: { status: 500, means: 'ctx was used inside the body of a step.' },
  CTX_OUTSIDE_TURN: {
    status: 500,
    means: 'ctx was used after waiting for something that is not an operation.',
  },

  // Stuck
  JOURNAL_MISMATCH: { status: 409, means: 'The code does not ask for what the run’s journal has recorded.' },
  WORKFLOW_NEVER_SETTLES: {
    status: 409,
    means: 'The workflow waits for something that is not an operation, so nothing can ever wake it.',
  },
  NO_WORKER: { status: 409, means: 'No worker has the run’s workflow in its version.' },
  JOURNAL_TOO_NEW: {
    status: 409,
    means: 'The journal was written by a newer engine and uses something that this one does not know.',
  },

  // Engine and store
  ENGINE_CLOSED: { status: 503, means: 'The engine has been closed.' },
  STORE_FULL: { status: 507, means: 'The disk is full, or the store’s quota is used up.' },
  STORE_READ_ONLY: { status: 503, means: 'The store cannot be written to.' },
  STORE_DAMAGED: { status: 503, means: 'The file is not a Stepwell store, or it is damaged.' },
  STORE_IN_USE: { status: 503, means: 'Another engine has the store, or is changing its tables.' },
  STORE_TOO_NEW: { status: 503, means: 'The store was written by a newer version of Stepwell.' },
  STORE_TOO_OLD_SQLITE: { status: 503, means: 'The SQLite library has a known data-loss bug.' },
  STORE_UNKNOWN: { status: 400, means: 'The store’s address is not understood.' },
  STORE_UNREACHABLE: { status: 503, means: 'No database answers at the store’s address.' },
  STORE_ACCESS_DENIED: { status: 503, means: 'The database does not let this user in, or not do this.' },
  STORE_NOT_INSTALLED: { status: 500, means: 'The package for this kind of store is not installed.' },
  COPY_DIFFERS: {
    status: 409,
    means: 'What is in the target of a copy is not what is in its source.',
  },
  STORE_FAILED: { status: 503, means: 'The store could not do what was asked.' },

  // Server and command
  BODY_INVALID: {
    status: 400,
    means: 'The body of a request is not valid JSON, or not of the expected shape.',
  },
  BODY_TOO_LARGE: { status: 413, means: 'The body of a request is larger than the limit.' },
  PARAMETER_INVALID: { status: 400, means: 'A parameter of a request has a value that it cannot have.' },
  ROUTE_UNKNOWN: { status: 404, means: 'The server has no such route.' },
  METHOD_NOT_ALLOWED: { status: 405, means: 'The route exists, but not for that method.' },
  REQUEST_MALFORMED: { status: 400, means: 'What came over a connection is not an HTTP request.' },
  REQUEST_TIMED_OUT: { status: 408, means: 'A request did not arrive whole within its time.' },
  URL_TOO_LONG: { status: 414, means: 'The address of a request is longer than the limit `urlLength`.' },
  HEADERS_TOO_LARGE: { status: 431, means: 'The headers of a request are more, or larger, than the limit.' },
  TOO_MANY_CONNECTIONS: {
    status: 503,
    means: 'The server has as many connections as its limit `connections` allows.',
  },
  TOO_MANY_STREAMS: {
    status: 503,
    means: 'The server has as many open streams as its limit `streams` allows.',
  },
  UPGRADE_REQUIRED: { status: 426, means: 'The route speaks WebSocket, and the request did not ask for it.' },
  MESSAGE_INVALID: {
    status: 400,
    means: 'A message over a WebSocket is not valid JSON, or not of the expected shape.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    means: 'The same Idempotency-Key came with another request before.',
  },
  REQUEST_UNDER_WAY: {
    status: 409,
    means: 'A request with the same Idempotency-Key is still being answered.',
  },
  INTERNAL: { status: 500, means: 'A defect in Stepwell itself.' },
  COMMAND_INVALID: { status: 400, means: 'A command line is not understood.' },
  WRITE_FAILED: { status: 500, means: 'What a command writes could not be written, or not whole.' },
  SERVER_UNREACHABLE: { status: 503, means: 'No Stepwell server answers at that address.' },
  ORIGIN_REFUSED: { status: 403, means: 'A web page of another site sent the request through a browser.' },
  LISTEN_REFUSED: { status: 500, means: 'The server cannot listen on that address.' },
  WORKFLOW_FILE_INVALID: { status: 400, means: 'A file of workflows cannot be loaded, or exports none.' },
  EXPORT_INVALID: {
    status: 400,
    means: 'A file is not an exported run, was changed, or cannot be used for what was asked.',
  },
  TEST_STEP_UNUSED: { status: 500, means: 'A test replaced a step that was never run.' },
} as const satisfies Record<string, { status: number; means: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a stable code. Its message says what happened, where, and what to do. */
export class StepwellError extends Error {
  readonly code: ErrorCode;
  /** Facts of this one case, for programs. */
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; data?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.data = options.data;
  }

  static {
    // On the prototype, as the built-in errors have it: the name does not show up as a property of each error.
    Object.defineProperty(this.prototype, 'name', {
      value: 'StepwellError',
      writable: true,
      configurable: true,
    });
  }
}

/** Whether a thrown value is an error of Stepwell, of this code if one is given. */
export function isStepwellError(value: unknown, code?: ErrorCode): value is StepwellError {
  return value instanceof StepwellError && (code === undefined || value.code === code);
}
