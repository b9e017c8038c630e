import { type Command, Option } from 'commander';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** What a process is to show of itself; goes from process to process as JSON. */
export interface SeeingSettings {
  readonly log: 'json' | 'text';
  readonly logLevel: (typeof LEVELS)[number];
  readonly logRuns: boolean;
  /** Where an OpenTelemetry collector listens; undefined: as the environment says, or nowhere. */
  readonly otlp?: string;
}

/** What the options of {@link addSeeingOptions} come to on a command. */
export interface GivenSeeing {
  log?: SeeingSettings['log'];
  logLevel: SeeingSettings['logLevel'];
  logRuns?: boolean;
  otlp?: string;
}

export function addSeeingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--log <form>',
        'what is logged to standard error: json lines, or text for people; default: text on a terminal',
      ).choices(['json', 'text']),
    )
    .addOption(
      new Option('--log-level <level>', 'the least that is logged; info: also the end of each run')
        .choices(LEVELS)
        .default('warn'),
    )
    .option('--log-runs', 'also log the lines that workflows write with ctx.log')
    .option(
      '--otlp <url>',
      'send traces to the OpenTelemetry collector there, such as http://127.0.0.1:4318; default: OTEL_EXPORTER_OTLP_ENDPOINT',
    );
}

/** @param terminal whether people read standard error */
export function seeingSettings(
  { log, logLevel, logRuns = false, otlp }: GivenSeeing,
  terminal = process.stderr.isTTY,
): SeeingSettings {
  return {
    log: log ?? (terminal ? 'text' : 'json'),
    logLevel,
    logRuns,
    ...(otlp !== undefined && { otlp }),
  };
}
