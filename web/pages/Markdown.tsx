import { Typography } from "@mantine/core";
import ReactMarkdown, { type Components } from "react-markdown";
import classes from "./Markdown.module.css";

// react-markdown shows HTML as text and removes unsafe URLs such as javascript:.
const COMPONENTS: Components = {
  a: ({ href, children }) =>
    href ? (
      <a href={href} rel="noopener noreferrer nofollow" target="_blank" className={classes.link}>
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  // The Content-Security-Policy blocks other images, and each blocked one is an error in the console.
  img: ({ src, alt = "" }) =>
    typeof src === "string" && /^https:\/\//i.test(src) ? (
      <img src={src} alt={alt} loading="lazy" referrerPolicy="no-referrer" />
    ) : (
      alt
    ),
  // The title of the event is the h1 of the page.
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
