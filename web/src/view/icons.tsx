// The few drawings that the page has. They say nothing by themselves: whatever holds one has a name of its own.
import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren) {
  return () => (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const Plus = icon(<path d="M12 5v14M5 12h14" />);
export const Send = icon(<path d="M12 19V5M6 11l6-6 6 6" />);
export const Stop = icon(<rect x="6.5" y="6.5" width="11" height="11" rx="2" fill="currentColor" />);
export const Clip = icon(
  <path d="M20 11.5 12 19.6a5 5 0 0 1-7.1-7.1l8.5-8.5a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8" />,
);
export const Menu = icon(<path d="M4 7h16M4 12h16M4 17h10" />);
export const More = icon(<path d="M5 12h.01M12 12h.01M19 12h.01" />);
export const Cross = icon(<path d="M6 6l12 12M18 6L6 18" />);
export const Tool = icon(<path d="m4 17 6-5-6-5M12 19h8" />);
export const Chevron = icon(<path d="m9 6 6 6-6 6" />);
export const Down = icon(<path d="M12 5v14M6 13l6 6 6-6" />);
export const Copy = icon(<path d="M9 9h10v11H9zM5 15V4h10" />);
export const Check = icon(<path d="m5 13 4 4L19 7" />);
export const Warning = icon(<path d="M12 4 2.8 20h18.4zM12 10v4M12 17h.01" />);
export const Gear = icon(<path d="M4 8h9M17 8h3M4 16h3M11 16h9M15 5.5v5M9 13.5v5" />);

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M7 10.5c6 2.6 12 2.6 18 0M7 16c6 2.6 12 2.6 18 0M9.5 21.4c4.4 1.8 8.6 1.8 13 0" />
    </svg>
  );
}
