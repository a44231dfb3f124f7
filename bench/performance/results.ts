/** One turn of a contestant: its measured seconds. */
export interface Round {
  readonly seconds: number;
  readonly answers: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly serverCpuSeconds: number;
  /** All processes of PostgreSQL. */
  readonly postgresCpuSeconds: number;
  readonly walBytes: number;
  /** The memory of the server process after the turn. */
  readonly residentBytes: number;
  /** All answers of the turn, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly eventsPerSave?: number;
}

export interface ContestantResult {
  readonly key: string;
  readonly startSeconds: number;
  /** The saves in its database at the end, which are as many as were answered. */
  readonly saves: number;
  readonly rounds: readonly Round[];
}

export interface Start {
  readonly seconds: number;
  readonly residentBytes: number;
}

/** The raw results of a run, as they are stored in `bench/results/`. */
export interface Results {
  readonly date: string;
  /** The commit that was measured; with `+` if there were other changes. */
  readonly commit: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGb: number;
    readonly kernel: string;
  };
  readonly versions: { readonly node: string; readonly postgres: string };
  readonly options: {
    readonly users: number;
    readonly connections: number;
    readonly stateBytes: number;
    readonly rounds: number;
    readonly warmSeconds: number;
    readonly seconds: number;
  };
  readonly contestants: readonly ContestantResult[];
  readonly starts?: readonly Start[];
}
