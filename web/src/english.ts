// catalogue
// Every word that the page says. Another language is another file of this shape.

export const words = {
  name: "Lorica",
  skip: "Skip to the message box",
  close: "Close",
  cancel: "Cancel",
  copy: "Copy",
  copied: "Copied",

  signIn: {
    title: "Sign in",
    starting: "Connecting…",
    new: "This browser is not signed in yet.",
    used: "This link does not work any more: it is good for one browser and a few minutes.",
    ended: "This browser is signed out: its access has ended or was taken back.",
    insecure: "This address is not encrypted, so the browser has no keys to sign in with.",
    unableTitle: "This did not work",
    noKeys:
      "This browser is too old to sign in: it cannot make Ed25519 keys. Use a current Chrome, Edge, Firefox or Safari.",
    how: "On the machine that runs Lorica, this prints a link that signs this browser in:",
    tunnel: "From another computer, open a tunnel first. The link then works there:",
    field: "Or paste the link, or only its code",
    button: "Sign in",
    notACode: "This is neither a link from `lorica dashboard` nor its code.",
    waitsTitle: "Waiting for your yes",
    waits: "The gateway asks its owner whether this browser may come in. On its machine:",
    waitsOn: "This page goes on by itself as soon as that is done.",
  },

  connection: {
    open: "Connected",
    away: "Connecting again…",
    lost: "The gateway cannot be reached. What you write is sent as soon as it is back.",
    retry: "Try now",
  },

  sessions: {
    title: "Conversations",
    new: "New conversation",
    agent: "Agent",
    main: "Main conversation",
    none: "No conversations yet",
    open: "Show conversations",
    hide: "Hide conversations",
    running: "working",
    rename: "Rename",
    delete: "Delete",
    more: (title: string) => `More about ${title}`,
    renameTitle: "Rename conversation",
    renameField: "Name",
    save: "Save",
    deleteTitle: "Delete this conversation?",
    deleteText: (title: string) => `“${title}” and all its messages will be gone. This cannot be undone.`,
    current: "current",
  },

  thread: {
    label: "Messages",
    older: "Show earlier messages",
    latest: "Jump to the latest",
    loading: "Loading messages…",
    you: "You",
    assistant: "Assistant",
    thinking: "Thinking",
    thoughts: "Thoughts",
    working: "Working…",
    sending: "Sending…",
    queued: "Waits for its turn",
    failed: "Not sent",
    retry: "Try again",
    discard: "Discard",
    error: "Something went wrong",
    note: "Note",
    answered: "Answer complete",
    showMore: "Show all",
    shortened: "Shortened here. The whole text is in the transcript.",
  },

  tool: {
    running: "running",
    done: "done",
    failed: "failed",
    unknown: "no result",
    input: "Input",
    output: "Output",
    empty: "(nothing)",
  },

  empty: {
    title: "What shall we do?",
    text: "Commands and files stay inside a sandbox on your machine.",
    rehearsal:
      "No model is configured yet, so a rehearsal model answers. It can list and count files, to show that tools work. `lorica onboard` sets up a real one.",
    suggestions: [
      "How many files are in the workspace?",
      "What can you do here?",
      "Show me the folders of the workspace.",
    ],
  },

  composer: {
    label: "Message",
    placeholder: "Write a message",
    send: "Send",
    stop: "Stop",
    attach: "Attach files",
    remove: (name: string) => `Remove ${name}`,
    tooMuch: (names: string) => `Too large, or too many: ${names}`,
    drop: "Drop files to attach them",
    hint: "Enter sends, Shift+Enter starts a new line",
  },

  banner: {
    label: "Warnings",
    sandboxOff: "Commands and file tools are off",
  },

  menu: {
    label: "Settings",
    theme: "Appearance",
    system: "As the system",
    light: "Light",
    dark: "Dark",
    model: "Model",
    agentsOwn: (name: string) => `${name} (the agent’s own)`,
    signOut: "Sign out",
    version: (version: string) => `Gateway ${version}`,
  },

  code: { text: "code" },
  imageLink: (text: string) => `image: ${text}`,
} as const;
