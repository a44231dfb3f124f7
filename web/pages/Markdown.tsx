import { Typography } from "@mantine/core";
import ReactMarkdown, { type Components } from "react-markdown";
import classes from "./Markdown.module.css";

// HTML in the text is shown as text, and addresses that run something are taken out: react-markdown does both.
const COMPONENTS: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} rel="noopener noreferrer nofollow" target="_blank" className={classes.link}>
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  // The page's policy loads no other pictures, and a refused one is an error in the console.
  img: ({ src, alt = "" }) =>
    typeof src === "string" && /^https:\/\//i.test(src) ? (
      <img src={src} alt={alt} loading="lazy" referrerPolicy="no-referrer" />
    ) : (
      alt
    ),
  // The page has its own title above.
  h1: "h2",
  h2: "h3",
  h3: "h4",
  h4: "h5",
};

export default function Markdown({ text }: { readonly text: string }) {
  return (
    <Typography>
      <ReactMarkdown components={COMPONENTS}>{text}</ReactMarkdown>
    </Typography>
  );
}
