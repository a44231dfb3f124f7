export function Brand() {
  return (
    <>
      <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#3b5bdb" />
        <rect x="7" y="19" width="18" height="4" rx="2" fill="#fff" />
        <path
          d="m10 12 4 4 8-8"
          fill="none"
          stroke="#fff"
          strokeWidth="3"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <span>Stagekeep</span>
    </>
  );
}
