// catalogue
// Every bound of the system, in one place. The unit is in the name. Change a number here and nowhere else.

export const limits = {
  // The HTTP edge and the RPC sockets (GW-040)
  httpBodyMaxBytes: 1_048_576,
  httpBodyTimeoutMs: 30_000,
  httpHeadersTimeoutMs: 15_000,
  httpHeadersMaxBytes: 16_384,
  httpConnectionsMax: 1_024,
  frameMaxBytes: 8_388_608,
  framePreauthMaxBytes: 65_536,
  frameBufferedMaxBytes: 16_777_216,
  historyMaxBytes: 6_291_456,
  handshakeTimeoutMs: 15_000,
  tickIntervalMs: 30_000,
  rpcCallsMax: 256,
  rpcConnectionsMax: 128,
  rpcWaitMaxMs: 10 * 60_000,
  deltaIntervalMs: 40,
  sessionsListMax: 5_000,
  exportPartBytes: 2_097_152,
  httpKeepAliveMs: 15_000,
  sseCommentIntervalMs: 15_000,
  jsonDepthMax: 64,
  chatMessagesMax: 2_000,
  authFailuresMax: 10,
  authFailuresWindowMs: 60_000,
  authLockoutMs: 60_000,
  authAddressesMax: 4_096,

  // Messages
  messageMaxChars: 200_000,
  attachmentMaxBytes: 19_464_192,
  attachmentsMax: 16,
  inboundDedupeMax: 5_000,
  inboundDedupeWindowMs: 20 * 60_000,
  requestDedupeMax: 1_000,
  requestDedupeWindowMs: 5 * 60_000,

  // Lanes
  laneDepthMax: 20,
  lanesMax: 4_096,
  turnsConcurrentMax: 32,
  turnsWaitingMax: 256,
  turnStartWaitMs: 30_000,

  // Turns
  turnTimeoutMs: 30 * 60_000,
  turnStepsMax: 64,
  turnToolCallsMax: 128,
  toolCallsParallelMax: 4,
  toolTimeoutMs: 10 * 60_000,
  toolOutputMaxChars: 400_000,
  toolOutputContextShare: 0.3,
  toolArgumentsMaxChars: 1_000_000,
  loopRepeatsMax: 4,
  replyMaxChars: 400_000,

  // Models
  modelAttemptsMax: 4,
  modelCallTimeoutMs: 10 * 60_000,
  modelStallTimeoutMs: 120_000,
  modelFirstByteTimeoutMs: 120_000,
  modelCooldownMs: 30_000,
  modelCooldownMaxMs: 10 * 60_000,
  modelRetryAfterMaxMs: 60_000,
  modelErrorBodyMaxBytes: 65_536,
  modelStreamMaxBytes: 64 * 1_048_576,

  // Context (AG-005)
  bootstrapFileMaxChars: 20_000,
  bootstrapTotalMaxChars: 150_000,
  workspaceFileMaxBytes: 1_048_576,

  // Broker link
  linkFrameMaxBytes: 16_777_216,
  linkErrorMaxBytes: 65_536,
  linkNoteMaxBytes: 65_536,
  linkChunkBytes: 65_536,
  linkCallsMax: 1_024,
  linkBodiesMax: 128,
  linkWindowBytes: 262_144,
  linkBufferedMaxBytes: 67_108_864,
  linkNoncesMax: 65_536,
  fetchHeadersMax: 64,
  fetchHeaderMaxBytes: 8_192,
  fetchBodyMaxBytes: 33_554_432,
  fetchConnectTimeoutMs: 30_000,

  // Vault
  secretsMax: 256,
  secretMaxBytes: 65_536,
  secretsFileMaxBytes: 33_554_432,

  // Cells
  cellsMax: 64,
  cellIdleMs: 5 * 60_000,
  cellStartTimeoutMs: 10_000,
  cellTmpBytes: 268_435_456,
  cellProcessesMax: 512,
  cellOpenFilesMax: 1_024,
  cellFileMaxBytes: 2_147_483_648,
  cellFrameMaxBytes: 1_048_576,
  execOutputMaxBytes: 1_048_576,
  execForegroundMs: 120_000,
  execBackgroundMax: 16,
  execBackgroundBufferBytes: 262_144,
  fileReadMaxBytes: 1_048_576,
  fileWriteMaxBytes: 8_388_608,
  globResultsMax: 2_000,
  grepResultsMax: 500,
  grantLifetimeMs: 60_000,

  // Delivery
  outboxAttemptsMax: 6,
  outboxBackoffMs: 1_000,
  outboxBackoffMaxMs: 60_000,
  sendTimeoutMs: 60_000,

  // Config, logs, store
  configFileMaxBytes: 1_048_576,
  configIncludeDepthMax: 10,
  configBackupsMax: 5,
  configJournalMaxBytes: 4_194_304,
  logLineMaxBytes: 65_536,
  logFileMaxBytes: 16_777_216,
  logFilesMax: 5,
  storeBusyTimeoutMs: 5_000,
  storeBusyStepMs: 25,
  pruneBatchMax: 500,
  diskFreeMinBytes: 64 * 1_048_576,
  stopGraceMs: 5_000,
} as const;
